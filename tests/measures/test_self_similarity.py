"""Self-similarity against its definition, the published fixture, and what a layer may be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from layerscope import bfloat16, self_similarity
from layerscope._reference import self_similarity as slow
from layerscope.errors import InvalidInputError, MemoryLimitError


def fixture():
    i, j = np.arange(16), np.arange(8)[:, None]
    return np.sin(0.37 * i * (j + 1)) + 0.01 * i * j


def test_the_published_fixture():
    paper = self_similarity(fixture(), n_null=0)
    assert paper.value == pytest.approx(0.2626980539, abs=1e-9)
    assert paper.theta_min == pytest.approx(0.6923756675, abs=1e-9)
    assert paper.theta_max == pytest.approx(1.7865743299, abs=1e-9)
    assert float(paper) == paper.value
    printed = self_similarity(fixture(), form="printed", n_null=0)
    assert printed.value == pytest.approx(0.3438832252, abs=1e-9)


@given(st.integers(1, 10), st.integers(3, 24), st.integers(0, 2**32 - 1))
def test_rates_are_those_of_the_definition(n_samples, n_units, seed):
    X = np.random.default_rng(seed).normal(size=(n_samples, n_units))
    for form in ("paper", "printed", "covering"):
        found = self_similarity(X, form=form, n_null=0)
        assert found.value == pytest.approx(slow.rate(X, form), abs=1e-9)
        assert (found.theta[0], found.theta[-1]) == (found.theta_min, found.theta_max)


@given(st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_covering_counts_are_those_of_complete_linkage(n_units, seed):
    X = np.random.default_rng(seed).normal(size=(5, n_units))
    found = self_similarity(X, form="covering", n_null=0)
    heights = linkage(pdist(X.T) / math.sqrt(5), "complete")[:, 2]
    expected = [n_units - np.sum(heights <= theta * (1 + 1e-12)) for theta in found.theta]
    np.testing.assert_array_equal(found.counts, expected)


def test_the_correlation_dimension_of_known_clouds():
    rng = np.random.default_rng(0)
    for dimension in (1, 2, 3):
        X = rng.normal(size=(40, dimension)) @ rng.random((dimension, 600))
        found = self_similarity(X, form="correlation", n_null=0)
        # The sum saturates at the edge of the cloud, so that the slope falls short of it.
        assert 0.6 * dimension < found.value <= dimension + 0.1
        assert found.value == found.dimension > 0 < found.dimension_error
    moved = self_similarity(1000 * X, form="correlation", n_null=0)
    assert moved.value == pytest.approx(found.value, abs=1e-9)  # no scale


def test_the_plain_rate_has_a_scale_and_rms_takes_it_away():
    X = np.random.default_rng(0).normal(size=(64, 100))
    plain = [self_similarity(X * factor, n_null=0).value for factor in (0.01, 100)]
    assert abs(plain[0] - plain[1]) > 0.02
    scaled = [self_similarity(X * f, scale="rms", n_null=0).value for f in (0.01, 100)]
    assert scaled[0] == pytest.approx(scaled[1], abs=1e-12)


def test_noise_scores_what_the_source_measured():
    values = [
        self_similarity(np.random.default_rng(s).normal(size=(64, 384)), n_null=0).value
        for s in range(8)
    ]
    # 0.241 ± 0.015 over draws.
    assert abs(np.mean(values) - 0.241) < 3 * 0.015 / math.sqrt(8) + 0.005


def test_the_null_keeps_distributions_and_the_gaussian_does_not():
    rng = np.random.default_rng(0)
    X = np.maximum(rng.normal(size=(64, 200)) + rng.normal(size=200) * 2 - 1, 0)
    permuted = self_similarity(X, n_null=10)
    gaussian = self_similarity(X, n_null=10, null="gaussian")
    assert permuted.value == gaussian.value
    assert (
        abs(permuted.value - permuted.null_mean)
        < 0.05
        < abs(gaussian.null_mean - permuted.null_mean)
    )
    assert permuted.z == (permuted.value - permuted.null_mean) / permuted.null_sd
    again = self_similarity(X, n_null=10)
    other = self_similarity(X, n_null=10, random_state=1)
    assert again.null_mean == permuted.null_mean != other.null_mean


def test_without_draws_the_null_is_nan():
    none, one = (self_similarity(fixture(), n_null=n) for n in (0, 1))
    assert math.isnan(none.null_mean)
    assert math.isnan(none.null_sd)
    assert math.isnan(none.z)
    assert not math.isnan(one.null_mean)
    assert math.isnan(one.null_sd)


def test_dead_and_duplicate_units_are_shares_and_warnings():
    X = np.random.default_rng(0).normal(size=(6, 10))
    X[:, 0], X[:, 1], X[:, 5] = 0.0, 7.0, X[:, 4]
    found = self_similarity(X, n_null=0)
    assert (found.dead_share, found.duplicate_share) == (0.2, 0.1)
    assert found.theta_min == 0.0
    assert any("2 of 10 units are constant" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("form", ["paper", "printed", "covering", "correlation"])
@pytest.mark.parametrize(
    ("X", "why"),
    [(np.ones((3, 2)), "only 2 units"), (np.ones((3, 5)), "one distance"), ([[1.0]], "only 1")],
)
def test_what_cannot_be_told_is_nan_and_says_why(form, X, why):
    found = self_similarity(X, form=form, n_null=3)
    assert math.isnan(found.value)
    assert any(why in sentence for sentence in found.warnings)


def test_kinds_of_floats_are_read_without_rounding():
    X = fixture().astype(np.float16)
    exact = self_similarity(X.astype(np.float64), n_null=2).to_dict()
    assert self_similarity(X, n_null=2).to_dict() == exact
    words = (fixture().astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    wide = (words.astype(np.uint32) << 16).view(np.float32)
    for null in ("permuted", "gaussian"):
        found = self_similarity(bfloat16(words), n_null=2, null=null).to_dict()
        assert found == self_similarity(wide, n_null=2, null=null).to_dict()


def test_limits_are_held_or_refused():
    X = np.random.default_rng(0).normal(size=(8, 900))
    free = self_similarity(X, n_null=2)
    assert self_similarity(X, n_null=2, memory_limit="400KB").value == free.value
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        self_similarity(X, form="covering", memory_limit="1MB")


def test_wrong_values_are_named_with_their_place():
    X = fixture()
    X[3, 4] = np.inf
    with pytest.raises(InvalidInputError, match="inf at row 3, column 4"):
        self_similarity(X)


def test_the_picture(tmp_path):
    for form in ("paper", "covering", "correlation"):
        axes = self_similarity(fixture(), form=form, n_null=0).plot()
        assert axes.lines
        axes.figure.savefig(tmp_path / f"{form}.png")
