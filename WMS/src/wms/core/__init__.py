"""What every room uses: records, settings, files, the outside systems as protocols, the run's context."""
