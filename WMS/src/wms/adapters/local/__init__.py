"""The embedded default's own versions of outside systems."""
