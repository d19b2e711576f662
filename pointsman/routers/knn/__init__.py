"""Nearest neighbours on frozen sentence embeddings."""
