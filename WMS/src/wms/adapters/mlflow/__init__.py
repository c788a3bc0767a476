"""Tracking server and model registry, by MLflow."""
