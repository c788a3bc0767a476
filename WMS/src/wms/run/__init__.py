"""One run of the pipeline: its jobs, its state, on this machine and on GitHub."""
