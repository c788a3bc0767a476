"""Everything that crosses a file, job or branch boundary; pure data."""
