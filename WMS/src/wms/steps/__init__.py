"""One verb a file: each step takes records and ports and returns one record."""
