"""Mutual kNN, CKNNA and information imbalance against their twins and closed forms."""

import importlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import alignment, bfloat16, nnts
from layerscope._reference import alignment as twin
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError

# The package exports a function of the same name as the file.
module = importlib.import_module("layerscope.measures.alignment")


@st.composite
def pairs(draw):
    """Two layers on a small grid: ties and equal rows are the rule."""
    n = draw(st.integers(2, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = [(n, draw(st.integers(1, 4))) for _ in range(2)]
    x, y = (rng.integers(0, 4, size=shape).astype(float) for shape in shapes)
    return x, y, draw(st.integers(1, n - 1))


@given(pairs())
def test_it_equals_the_twins(case):
    x, y, k = case
    result = alignment(x, y, n_neighbors=k)
    assert result.mutual_knn == pytest.approx(twin.mutual_knn(x, y, k), abs=1e-15)
    assert result.chance == k / (len(x) - 1)
    there, back = result.information_imbalance
    assert there == pytest.approx(twin.information_imbalance(x, y), abs=1e-15)
    assert back == pytest.approx(twin.information_imbalance(y, x), abs=1e-15)
    if math.isnan(result.cknna):
        assert result.warnings
    else:
        assert abs(result.cknna) <= 1 + 1e-12
        assert result.cknna == pytest.approx(twin.cknna(x, y, k), abs=1e-9)
    swapped = alignment(y, x, n_neighbors=k)
    assert swapped.information_imbalance == (back, there)
    assert swapped.mutual_knn == result.mutual_knn
    if k == len(x) - 1:
        assert result.mutual_knn == result.chance == 1.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_it_equals_the_twins_without_ties(seed, d):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(25, d))
    y = x[:, : d // 2 + 1] + rng.normal(size=(25, d // 2 + 1))
    result = alignment(x, y, n_neighbors=4)
    assert result.cknna == pytest.approx(twin.cknna(x, y, 4), abs=1e-12)
    expected = twin.information_imbalance(x, y), twin.information_imbalance(y, x)
    assert result.information_imbalance == pytest.approx(expected, abs=1e-15)


def test_a_turned_and_scaled_copy_agrees_in_everything():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 6))
    turned = 5.0 * x @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 2.0
    for copy in (x, turned):
        result = alignment(x, copy)
        assert result.mutual_knn == 1.0
        assert result.cknna == pytest.approx(1.0, abs=1e-12)
        assert result.information_imbalance == (2 / 80, 2 / 80)


def test_four_points_by_hand():
    x = np.array([[0.0], [1.0], [3.0], [7.0]])
    y = np.array([[0.0], [5.0], [1.5], [7.5]])
    result = alignment(x, y, n_neighbors=2)
    assert twin.neighbour_order(y) == [[2, 1, 3], [3, 2, 0], [0, 1, 3], [1, 2, 0]]
    # Ranks in y: 2, 3, 2, 2. Ranks in x of 2, 3, 0, 1: 2, 3, 2, 2.
    assert result.information_imbalance == (2 * 9 / 16, 2 * 9 / 16)
    # Lists x: {1, 2}, {0, 2}, {0, 1}, {1, 2}; y: {1, 2}, {2, 3}, {0, 1}, {1, 2}; shared 2 1 2 2.
    assert result.mutual_knn == 7 / 8


def test_independent_layers_are_at_chance():
    rng = np.random.default_rng(1)
    result = alignment(rng.normal(size=(600, 5)), rng.normal(size=(600, 5)), n_neighbors=20)
    assert result.mutual_knn == pytest.approx(result.chance, abs=0.01)
    # The mean of 600 uniform ranks: 1 with a standard deviation of 1 / √(3 · 600) = 0.024.
    assert result.information_imbalance == pytest.approx((1.0, 1.0), abs=0.12)
    assert abs(result.cknna) < 0.1


def test_a_projection_knows_less_than_the_whole():
    x = np.random.default_rng(2).uniform(size=(300, 2))
    there, back = alignment(x, x[:, :1]).information_imbalance
    assert there < 0.1
    assert back > 3 * there


def test_cknna_with_every_neighbour_is_cka_without_the_diagonal():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    kernels = [(z - z.mean(0)) @ (z - z.mean(0)).T for z in (x, y)]
    k, other = (gram[~np.eye(30, dtype=bool)] for gram in kernels)
    expected = (k @ other) / np.sqrt((k @ k) * (other @ other))
    assert alignment(x, y, n_neighbors=29).cknna == pytest.approx(expected, abs=1e-12)


def test_mutual_knn_is_the_overlap_of_nnts():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(120, 5))
    y = x + rng.normal(size=x.shape)
    overlap = nnts({"x": x, "y": y}, n_neighbors=9, n_bootstrap=0).overlap[0, 1]
    assert alignment(x, y, n_neighbors=9).mutual_knn == pytest.approx(overlap, abs=1e-15)


def test_threads_limits_and_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 9, size=(2, 130, 3)).astype(np.float32)
    one = alignment(x, y, n_jobs=1)
    assert one.to_dict() == alignment(x, y, n_jobs=2).to_dict()
    assert one.to_dict() == alignment(x, y, n_jobs=7).to_dict()
    seen = []
    watched = alignment(x, y, progress=lambda *state: seen.append(state))
    assert watched.to_dict() == one.to_dict()
    assert seen[-1] == (260, 260, "alignment")
    monkeypatch.setattr(module, "_KEPT", 0)
    assert alignment(x, y).to_dict() == one.to_dict()
    for name, size in (("_ROWS", 11), ("_COLUMNS", 17), ("_DEPTH", 2), ("_PAIRS", 40)):
        monkeypatch.setattr(module, name, size)
    small = alignment(x, y)
    assert small.information_imbalance == one.information_imbalance
    assert small.mutual_knn == one.mutual_knn
    assert small.cknna == pytest.approx(one.cknna, abs=1e-12)


def test_every_kind_of_number_and_extreme_scales():
    rng = np.random.default_rng(6)
    x, y = rng.integers(-8, 9, size=(2, 40, 3)).astype(np.float32)
    plain = alignment(x, y)
    words = (x.view(np.uint32) >> 16).astype(np.uint16)
    scaled = x.astype(np.float64)
    for same in (
        scaled,
        x.astype(np.float16),
        bfloat16(words),
        scaled * 2.0**-900,
        scaled * 2.0**500,
        scaled + 2.0**35,
    ):
        found = alignment(same, y)
        assert found.information_imbalance == plain.information_imbalance
        assert found.mutual_knn == plain.mutual_knn
        assert found.cknna == pytest.approx(plain.cknna, abs=1e-12)


def test_a_collapsed_layer_breaks_ties_by_index():
    x = np.random.default_rng(7).normal(size=(12, 2))
    flat = np.full((12, 3), 0.1)
    result = alignment(x, flat, n_neighbors=3)
    assert math.isnan(result.cknna)
    assert "Y is constant, so CKNNA is not defined" in result.warnings
    expected = twin.information_imbalance(x, flat), twin.information_imbalance(flat, x)
    assert result.information_imbalance == pytest.approx(expected, abs=1e-15)


X = np.random.default_rng(8).normal(size=(20, 3))
NAN = np.where(np.arange(60).reshape(20, 3) == 31, np.nan, X)


@pytest.mark.parametrize(
    ("call", "error", "argument", "rule"),
    [
        (lambda: alignment(X, X[:19]), InvalidInputError, "Y", "as many rows as X (20)"),
        (lambda: alignment(X[:1], X[:1]), InvalidInputError, "X", "at least 2 rows"),
        (lambda: alignment(X, X, n_neighbors=20), InvalidInputError, "n_neighbors", "below"),
        (lambda: alignment(X, X, n_neighbors=0), InvalidInputError, "n_neighbors", "at least 1"),
        (lambda: alignment(X, X, n_neighbors=1.5), InvalidTypeError, "n_neighbors", "integer"),
        (lambda: alignment(X, NAN), InvalidInputError, "Y", "must be finite"),
        (lambda: alignment(X, None), InvalidTypeError, "Y", "array"),
        (lambda: alignment(X, X, n_jobs=0), InvalidInputError, "n_jobs", "at least 1"),
        (lambda: alignment(X, X, memory_limit=10), MemoryLimitError, "memory_limit", "at least"),
    ],
)
def test_wrong_input(call, error, argument, rule):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.argument == argument
    assert rule in caught.value.rule
