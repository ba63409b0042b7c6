"""The feature network against its definition and scipy, its graph and its picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from layerscope import feature_network
from layerscope._reference import self_similarity as slow
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError


@given(st.integers(1, 8), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_distances_are_those_of_scipy_and_of_the_definition(n_samples, n_units, seed):
    X = np.random.default_rng(seed).normal(size=(n_samples, n_units))
    found = feature_network(X).distances
    expected = squareform(pdist(X.T)) / math.sqrt(n_samples) if n_units > 1 else np.zeros((1, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found, slow.unit_distances(X), rtol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_near_units_keep_their_distance():
    # By products, 1e8 squared would have swallowed it.
    X = np.array([[1e8, 1e8 + 1], [0.0, 0.0]])
    assert feature_network(X).distances[0, 1] == pytest.approx(math.sqrt(0.5), rel=1e-15)


def network():
    return feature_network(np.random.default_rng(0).normal(size=(8, 30)))


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_a_graph_of_near_units(kind):
    found = network()
    epsilon = kind(1.25)
    graph = found.graph(epsilon)
    expected = np.argwhere(np.triu(found.distances < 1.25, 1))
    assert 0 < graph.n_edges == len(expected) < 30 * 29 / 2
    assert graph.n_nodes == 30
    assert found.graph(2).n_edges == np.sum(np.triu(found.distances < 2, 1))
    assert found.graph(np.int64(2)).n_edges == found.graph(2.0).n_edges


@pytest.mark.parametrize("epsilon", [0, -1.0, math.nan, np.float32(0)])
def test_an_epsilon_that_is_not_above_zero_is_refused(epsilon):
    with pytest.raises(InvalidInputError, match="epsilon must be a number above 0"):
        network().graph(epsilon)


@pytest.mark.parametrize("epsilon", [True, np.True_, "1", None, 1j, [1.0]])
def test_an_epsilon_that_is_no_number_is_refused(epsilon):
    with pytest.raises(InvalidTypeError, match="epsilon must be a number above 0"):
        network().graph(epsilon)


def test_a_limit_is_held():
    X = np.random.default_rng(0).normal(size=(8, 900))
    with pytest.raises(MemoryLimitError):
        feature_network(X, memory_limit="1MB")
    assert feature_network(X, memory_limit="7MB").distances.shape == (900, 900)


def test_the_picture(tmp_path):
    found = network()
    axes = found.plot()
    assert sum(bar.get_height() for bar in axes.patches) == 30 * 29 / 2
    axes.figure.savefig(tmp_path / "network.png")
    assert not feature_network([[1.0], [2.0]]).plot().patches
