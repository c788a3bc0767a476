"""One outside system a file, thin."""
