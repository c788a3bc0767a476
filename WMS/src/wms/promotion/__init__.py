"""What changes the model in production: publish, merge, roll back, reconcile, release."""
