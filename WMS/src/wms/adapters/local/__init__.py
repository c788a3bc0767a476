"""What the embedded default has in the place of outside systems."""
