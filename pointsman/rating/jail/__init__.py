"""The inside of the sandbox. Runs without site-packages, so it imports the standard library and itself only."""
