"""The model in use."""
