"""What is said where an optional package is missing: how to install it, by its own name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from layerscope import Graph
from layerscope._table import Table
from layerscope.errors import MissingExtraError

TABLE = Table({"a": [1]})
GRAPH = Graph.from_edges([(0, 1)])


@pytest.mark.parametrize(
    ("package", "module", "work"),
    [
        ("pandas", "pandas", TABLE.to_pandas),
        ("polars", "polars", TABLE.to_polars),
        ("scipy", "scipy.sparse", GRAPH.to_scipy),
        ("networkx", "networkx", GRAPH.to_networkx),
    ],
)
def test_the_package_itself_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, module: str, work: Callable[[], Any]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        work()
    # layerscope is on no index: its extras cannot be asked for by name.
    assert str(caught.value) == (
        f"{package} must be installed: pip install {package}; got no such module"
    )
