"""Boxes that components add at every size say nothing of a dimension."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError


def grid_with_dust(side: int, dust: int) -> nx.Graph:
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(side, side))
    graph.add_nodes_from(range(side * side, side * side + dust))
    return graph


@pytest.mark.parametrize("method", ["greedy", "memb"])
def test_isolated_nodes_do_not_open_the_window(method: str) -> None:
    bare, dusty = (grid_with_dust(20, dust) for dust in (0, 10))
    alone = ls.fractal_dimension(bare, method=method)
    among = ls.fractal_dimension(dusty, method=method)
    assert among.n_sizes == alone.n_sizes
    assert among.window == alone.window
    largest = ls.fractal_dimension(dusty, method=method, components="largest")
    assert largest.n_sizes == alone.n_sizes


def test_counts_that_were_taken_before_know_their_components() -> None:
    counts = ls.box_counts(grid_with_dust(20, 10))
    kept = np.asarray(counts.sizes)[(counts.sizes >= 2) & (counts.counts >= 15)]
    assert ls.fractal_dimension(counts).n_sizes == len(kept)


def test_two_sizes_compare_no_laws() -> None:
    found = ls.fractal_dimension(nx.path_graph(9), window=(2, 3))
    assert found.n_sizes == 2
    assert math.isnan(found.ratio)
    assert not any("exponential" in warning for warning in found.warnings)


def test_a_mistyped_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(
        InvalidInputError, match=r"edges must name nodes below 100000000, or n_node"
    ):
        ls.Graph.from_edges([(0, 2**31)])
    assert ls.Graph.from_edges([(0, 5)], n_nodes=7).n_nodes == 7


def test_labels_of_a_wrong_length_are_counted_right() -> None:
    found = ls.leiden(ls.Graph.from_edges([(0, 1), (1, 2)]))
    with pytest.raises(InvalidInputError, match=r"per row \(3\); got 2"):
        found.agreement([0, 1])
