"""A fine-tuned encoder that predicts each model's score from the query alone."""
