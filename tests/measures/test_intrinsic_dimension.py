"""TwoNN against its definition and on clouds of known dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layerscope import intrinsic_dimension, neighbors
from layerscope._reference.dimension import two_nn


@given(st.integers(3, 40), st.integers(1, 5), st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_agrees_with_the_definition(n, d, seed, n_copies):
    X = np.random.default_rng(seed).normal(size=(n, d))
    X[: min(n_copies, n - 1)] = X[-1]
    found = intrinsic_dimension(X)
    assert found.n_used + found.n_excluded == n
    if found.n_used >= 3:
        assert found.value == pytest.approx(two_nn(X), rel=1e-7)
        assert found.standard_error == found.value / math.sqrt(found.n_used)
    else:
        assert math.isnan(found.value)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_known_dimensions(d):
    rng = np.random.default_rng(d)
    flat = rng.random((2000, d)) @ rng.normal(size=(d, 30))
    found = intrinsic_dimension(flat)
    assert abs(found.value - d) < 4 * found.standard_error + 0.05 * d


def test_scale_does_not_matter():
    X = np.random.default_rng(0).normal(size=(200, 3))
    assert intrinsic_dimension(1024.0 * X).value == intrinsic_dimension(X).value


def test_duplicates_are_left_out_and_counted():
    X = np.random.default_rng(0).normal(size=(100, 3))
    X[90:] = X[:10]
    found = intrinsic_dimension(X)
    assert (found.n_excluded, found.n_used) == (20, 80)
    assert any("20 rows have a duplicate" in sentence for sentence in found.warnings)


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        (np.zeros((5, 2)), "only 0 rows"),
        (np.arange(30.0)[:, None], "lattice"),
        (np.array([[0.0], [0.0], [0.0], [5.0]]), "only 1 rows"),
    ],
)
def test_what_cannot_be_told_is_nan_and_says_why(X, reason):
    found = intrinsic_dimension(X)
    assert math.isnan(found.value)
    assert math.isnan(found.standard_error)
    assert any(reason in sentence for sentence in found.warnings)


def test_euclidean_neighbours_are_taken():
    X = np.random.default_rng(0).normal(size=(50, 3))
    table = neighbors(X, n_neighbors=7)
    assert intrinsic_dimension(table).value == intrinsic_dimension(X).value


@given(st.integers(3, 30), st.integers(0, 1000))
def test_threads_change_no_bit(n, seed):
    X = np.random.default_rng(seed).normal(size=(n, 2))
    found = [intrinsic_dimension(X, n_jobs=n_jobs).to_dict() for n_jobs in (1, 2, 7)]
    assume(found[0]["n_used"] > 2)
    assert found[0] == found[1] == found[2]
