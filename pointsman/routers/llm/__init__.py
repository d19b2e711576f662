"""A language model classifies the query; compared with the others, never served."""
