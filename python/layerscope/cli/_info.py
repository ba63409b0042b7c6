"""What `layerscope info` prints: versions, processor, engine, threads."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from layerscope import _core

__all__ = ["facts"]

_PACKAGES = ("numpy", "safetensors", "click", "rich", "jinja2", "matplotlib")
_OPTIONAL = ("torch", "zarr", "pandas", "polars", "networkx", "scipy", "ml_dtypes")


def facts() -> Iterator[tuple[str, str]]:
    """Yield name and value, in the order of printing."""
    build = _core.build_info()
    yield "layerscope", f"{build['version']} ({build['profile']} build)"
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    for package in _PACKAGES:
        yield package, _version(package)
    yield "optional", ", ".join(f"{package} {_version(package)}" for package in _OPTIONAL)
    yield "system", f"{platform.system()} {platform.release()}"
    features = build.get("features")
    listed = ", ".join(features) if isinstance(features, list | tuple) else ""
    yield "processor", f"{build['architecture']}" + (f" with {listed}" if listed else "")
    yield "neighbours", str(build["engine"])
    yield "threads", f"{build['threads']}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
