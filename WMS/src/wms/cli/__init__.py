"""The command line: thin commands, one output module, and the only broad `except` of the program."""

from wms.cli.app import main

__all__ = ["main"]
