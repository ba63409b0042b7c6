"""The command line: ``layerscope demo | analyze | info``."""

from layerscope.cli._main import cli, main

__all__ = ["cli", "main"]
