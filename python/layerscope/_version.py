"""The version, from the compiled half, so that there is one number."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("layerscope")
except PackageNotFoundError:  # a source tree on sys.path without an install
    __version__ = "0+unknown"
