"""Is the candidate better? Evaluation, decision, replay."""
