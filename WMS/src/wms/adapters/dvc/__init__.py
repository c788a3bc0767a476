"""The data store, by DVC."""
