"""The stages: each reads its records from `run/`, calls one step, and writes what it returns.

A command of the CLI and a job of the pipeline are the same call here.
"""
