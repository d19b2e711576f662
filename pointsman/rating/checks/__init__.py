"""One module for each kind of reference. Each judges a response without seeing the prompt."""
