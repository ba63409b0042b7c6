"""Data beside the project: real networks and their layers, read where they are, never copied.

``../shared/data`` as seen from the root of the checkout, or what LAYERSCOPE_SHARED names. A test
that wants it is skipped where it is absent.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(*parts: str) -> Path:
    """Return a path below the shared data, or skip the test that asks for it."""
    root = Path(os.environ.get("LAYERSCOPE_SHARED", _BESIDE))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no {'/'.join(('shared', 'data', *parts))} beside the project")
    return path
