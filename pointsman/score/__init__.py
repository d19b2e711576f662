"""Score a file of queries with a trained or packaged router: `python -m pointsman.score --help`."""
