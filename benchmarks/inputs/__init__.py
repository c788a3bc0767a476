"""What benchmarks share: input for runs that are given none."""
