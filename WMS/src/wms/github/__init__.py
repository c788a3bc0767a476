"""The repository on GitHub: setup, doctor, a fresh start, the self-test."""
