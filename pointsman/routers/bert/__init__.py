"""The BERT router: a fine-tuned encoder alone."""
