"""Prove on your own traffic that a weak model is often enough, and serve the router that acts on it."""

__version__ = "0.1.0"
