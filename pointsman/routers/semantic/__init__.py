"""Routes described by example queries; the best-matching examples vote."""
