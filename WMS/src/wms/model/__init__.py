"""A trained model's files, and how it is run."""
