"""The version, from the metadata of the installed package: the number stands in Cargo.toml."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("layerscope")
except PackageNotFoundError:  # a source tree on sys.path without an install
    __version__ = "0+unknown"
