"""What the tests of fractal geometry share: methods, drawn graphs, real ones."""

from __future__ import annotations

import gzip

import numpy as np
import scipy.sparse.csgraph as csgraph
from hypothesis import strategies as st

import layerscope as ls
from tests import _networks as made
from tests._shared import shared

METHODS = ("greedy", "cbb", "memb", "obca", "sketch", "random")


@st.composite
def graphs(draw, most=30):
    n = draw(st.integers(1, most))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=2 * n))
    return made.graph(edges, n)


def real(name: str, *, largest: bool = True) -> ls.Graph:
    with gzip.open(shared("graphs", f"{name}.edges.gz"), "rt") as file:
        edges = np.loadtxt(file, comments="#", dtype=np.int64, usecols=(0, 1), ndmin=2)
    graph = ls.Graph.from_edges(edges)
    if not largest:
        return graph
    _, component = csgraph.connected_components(graph.to_scipy())
    kept = component == np.bincount(component).argmax()
    return ls.Graph.from_scipy(graph.to_scipy()[kept][:, kept])
