"""From incoming pairs to the run's dataset: merge, validate, split, assemble; and how pairs are pushed."""
