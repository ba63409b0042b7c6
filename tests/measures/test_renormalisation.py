"""Renormalised graphs, exponents of degrees, rewired graphs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerscope as ls
from layerscope._reference import fractal as twin
from layerscope.errors import InvalidInputError, InvalidTypeError
from tests import _networks as made
from tests.measures._fractal import graphs


def test_renormalised_graphs_join_boxes_that_touch():
    graph = made.graph(made.grid(8, 8))
    labels = ls.boxes(graph, 3, n_repeats=5)
    shrunk = ls.renormalize(graph, labels)
    assert shrunk.n_nodes == labels.max() + 1
    assert (shrunk.weights == 1).all()
    assert np.diff(shrunk.indptr).max() == twin.largest_degree(graph, labels)
    assert ls.path_statistics(shrunk).n_components == 1
    for wrong in ([0] * 63, [1] * 64, [0.0] * 64):
        with pytest.raises((InvalidInputError, InvalidTypeError), match="boxes must"):
            ls.renormalize(graph, wrong)


def test_hubs_of_the_flower_shrink_with_exponent_one():
    graph = made.graph(made.flower(2, 2, 6))
    found = ls.renormalisation_exponent(graph)
    assert found.value == pytest.approx(1, abs=0.15)
    assert found.supported
    assert found.largest_degree[0] >= found.largest_degree[-1]


def zeta_sample(gamma: float, n: int, seed: int) -> np.ndarray:
    """Degrees from the zeta law, by inversion of its cumulative sums."""
    k = np.arange(1, 100_000)
    law = np.cumsum(k**-gamma) / (k**-gamma).sum()
    return k[np.searchsorted(law, np.random.default_rng(seed).random(n))]


def star_forest(degrees: np.ndarray) -> ls.Graph:
    """A graph whose first nodes have given degrees; self-loops count twice, so they fill in."""
    rng = np.random.default_rng(0)
    stubs = np.repeat(np.arange(len(degrees)), degrees)
    stubs = rng.permutation(stubs)[: len(stubs) // 2 * 2].reshape(-1, 2)
    return ls.Graph.from_edges(stubs, n_nodes=len(degrees))


@pytest.mark.parametrize("gamma", [2.3, 2.8, 3.5])
def test_exponents_of_sampled_laws_come_back(gamma):
    degrees = zeta_sample(gamma, 20_000, 1)
    value, error, k_min, n_tail, distance = ls._core.degree_exponent(degrees.astype(np.uint64))
    assert abs(value - gamma) < 4 * error
    assert (k_min, n_tail) == (1, 20_000)
    assert distance < 0.01
    assert value == pytest.approx(twin.power_law_exponent(degrees, k_min), abs=1e-4)


def test_degree_exponent_of_graphs():
    graph = star_forest(zeta_sample(3.0, 5000, 2))
    found = ls.degree_exponent(graph)
    assert found.value == pytest.approx(3.0, abs=0.25)
    flower = ls.degree_exponent(made.graph(made.flower(2, 2, 6)))
    assert flower.value == pytest.approx(3.28, abs=0.01)
    equal = ls.degree_exponent(made.graph(made.ring(9)))
    assert math.isnan(equal.value)
    assert "not defined" in equal.warnings[0] or "no exponent" in equal.warnings[0]


@given(graphs(), st.integers(0, 5))
def test_rewired_graphs_keep_their_degrees(graph, seed):
    found = ls.rewire(graph, random_state=seed)
    np.testing.assert_array_equal(np.diff(found.indptr), np.diff(graph.indptr))
    assert found.n_edges == graph.n_edges
    assert ls.rewire(graph, n_swaps=0) == graph


def test_rewiring_mixes():
    graph = made.graph(made.ring(400))
    found = ls.rewire(graph)
    there = set(zip(*graph.to_scipy().nonzero(), strict=True))
    kept = sum(edge in there for edge in zip(*found.to_scipy().nonzero(), strict=True))
    assert kept < 40
    assert ls.path_statistics(found).diameter < 150
    weighted = ls.Graph.from_edges(made.ring(50), weights=np.arange(50.0) + 1)
    np.testing.assert_array_equal(np.sort(ls.rewire(weighted).weights), np.sort(weighted.weights))


def test_degrees_that_do_not_change_have_exponent_zero():
    found = ls.renormalisation_exponent(made.graph(made.path(60)), n_repeats=2)
    assert (found.value, found.standard_error) == (0.0, 0.0)
    assert not np.signbit(found.value)
