"""One module per DVC stage, in the order of the data: read, call a pure function, write."""
