"""Linear CKA against its twin, closed forms and what must not change it."""

import importlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layerscope import bfloat16, cka
from layerscope._reference import cka as twin
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from layerscope.measures import _centred, _products

# The package exports a function of the same name as the file.
cka_module = importlib.import_module("layerscope.measures.cka")
cka_matrix = cka_module.cka_matrix


@st.composite
def pairs(draw):
    """Two layers on a small grid, narrow or wide, so that equal rows are common."""
    n = draw(st.integers(4, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = [(n, draw(st.integers(1, 20))) for _ in range(2)]
    return tuple(rng.integers(-2, 3, size=shape).astype(float) for shape in shapes)


@given(pairs())
def test_it_equals_the_gram_matrices(case):
    x, y = case
    assume(np.ptp(x, axis=0).any() and np.ptp(y, axis=0).any())
    result = cka(x, y)
    assert float(result) == pytest.approx(twin.cka(x, y), abs=1e-12)
    assert 0.0 <= result.value <= 1.0
    assert not result.warnings


@given(pairs())
def test_the_debiased_form_equals_the_unbiased_estimates(case):
    x, y = case
    own = [twin.unbiased_hsic(z @ z.T, z @ z.T) for z in case]
    result = cka(x, y, debiased=True)
    if min(own) > 1e-9:
        assert result.value == pytest.approx(twin.debiased_cka(x, y), rel=1e-9, abs=1e-9)
    elif min(own) < -1e-9:
        assert np.isnan(result.value)
        assert result.warnings


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("d", [7, 90])
def test_rotation_scale_and_shift_do_not_show(d, debiased):
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(60, d)), rng.normal(size=(60, 5))
    turned = 0.1 * x @ np.linalg.qr(rng.normal(size=(d, d)))[0] - 3.0
    assert cka(x, turned, debiased=debiased).value == pytest.approx(1.0, abs=1e-12)
    before, after = (cka(z, other, debiased=debiased).value for z in (x, turned))
    assert after == pytest.approx(before, abs=1e-12)
    assert cka(other, x, debiased=debiased).value == pytest.approx(before, abs=1e-12)


def test_four_points_by_hand():
    x = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    y = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    # Centred already. xᵀy = (2, 2): ‖xᵀy‖² = 8, ‖xᵀx‖² = 16, ‖yᵀy‖² = 8.
    assert cka(x, y).value == pytest.approx(8 / np.sqrt(16 * 8), abs=1e-15)
    # k = (1, 1, 1, 1) = l: 4 (4 − 3) HSIC₁ = p − 2 · 4 + 16 / 6.
    xx, xy, yy = (p - 8 + 16 / 6 for p in (16, 8, 8))
    assert cka(x, y, debiased=True).value == pytest.approx(xy / np.sqrt(xx * yy), abs=1e-14)


def test_independent_layers_are_near_zero_without_bias():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(40):
        x, y = rng.normal(size=(2, 60, 40))
        found.append((cka(x, y).value, cka(x, y, debiased=True).value))
    biased, debiased = np.array(found).T
    assert biased.min() > 0.3
    assert abs(debiased.mean()) < 4 * debiased.std(ddof=1) / np.sqrt(len(found))
    assert debiased.std() < 0.05


def test_both_ways_and_all_tiles_give_one_value(monkeypatch):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(50, 30)).astype(np.float32)
    y = x[:, :11] + rng.normal(size=(50, 11)).astype(np.float32)
    layers = [_centred.Centred(z, "X") for z in (x, y)]
    plain = _products._over_features(layers, None)
    np.testing.assert_allclose(_products._over_samples(layers, None), plain, rtol=1e-12)
    for name, size in (("_ROWS", 17), ("_FEATURES", 4), ("_SAMPLES", 7), ("_DEPTH", 5)):
        monkeypatch.setattr(_products, name, size)
    monkeypatch.setattr(_centred, "_CHUNK", 64)
    for way in (_products._over_features, _products._over_samples):
        small = [_centred.Centred(z, "X") for z in (x, y)]
        np.testing.assert_allclose(way(small, None), plain, rtol=1e-12)
        before = way(small, None)
        for layer in small:
            layer.keep()
        np.testing.assert_array_equal(way(small, None), before)


@pytest.mark.parametrize(("d", "limit"), [(6, 8_000), (80, 250_000)])
def test_threads_and_limits_do_not_show(d, limit):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 64, d))
    one = cka(x, y, n_jobs=1)
    assert one.to_dict() == cka(x, y, n_jobs=2).to_dict() == cka(x, y, n_jobs=7).to_dict()
    seen = []
    tight = cka(x, y, memory_limit=limit, progress=lambda *a: seen.append(a))
    assert tight.value == one.value
    assert seen[-1][0] == seen[-1][1]
    assert seen[-1][2] == "cka"


def test_every_kind_of_number_and_extreme_scales():
    rng = np.random.default_rng(4)
    x, y = rng.integers(-8, 9, size=(2, 30, 5)).astype(np.float32)
    plain = cka(x, y).value
    words = (x.view(np.uint32) >> 16).astype(np.uint16)
    for same in (x.astype(np.float64), x.astype(np.float16), bfloat16(words), x.tolist()):
        assert cka(same, y).value == plain
    wide = x.astype(np.float64)
    for factor in (1e-300, 1e150, 1e307):
        assert cka(wide * factor, y).value == pytest.approx(plain, rel=1e-12)
    assert cka(wide + 1e9, y).value == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300])
def test_a_constant_layer_has_no_cka(value):
    x = np.random.default_rng(5).normal(size=(9, 3))
    result = cka(x, np.full((9, 4), value))
    assert np.isnan(result.value)
    assert result.warnings == ("Y is constant, so CKA is not defined",)
    assert result.to_dict()["value"] is None


def test_the_matrix_is_that_of_the_pairs():
    rng = np.random.default_rng(6)
    stack = {str(d): rng.normal(size=(40, d)) for d in (3, 10, 25)}
    stack["flat"] = np.ones((40, 2))
    result = cka_matrix(stack)
    assert result.layers == ("3", "10", "25", "flat")
    for found, debiased in ((result.matrix, False), (result.debiased, True)):
        np.testing.assert_array_equal(found, found.T)
        np.testing.assert_array_equal(np.diag(found), [1, 1, 1, np.nan])
        assert np.isnan(found[3]).all()
        expected = cka(stack["3"], stack["25"], debiased=debiased).value
        assert found[0, 2] == pytest.approx(expected, abs=1e-12)

    assert result.warnings == ("layer 'flat': it is constant, so CKA is not defined",)
    rows = list(result.table.rows())
    assert [(row["layer_a"], row["layer_b"]) for row in rows][:2] == [("3", "10"), ("3", "25")]
    assert rows[1]["cka"] == result.matrix[0, 2]
    assert rows[1]["debiased"] == result.debiased[0, 2]


@given(st.integers(2, 12), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 99))
def test_the_matrix_equals_the_gram_matrices(n, widths, seed):
    rng = np.random.default_rng(seed)
    stack = {str(place): rng.normal(size=(n, d)) for place, d in enumerate(widths)}
    result = cka_matrix(stack)
    layers = list(stack.values())
    expected = [[twin.cka(x, y) for y in layers] for x in layers]
    np.testing.assert_allclose(result.matrix, expected, atol=1e-11)
    if n < 4:
        assert np.isnan(result.debiased).all()


def test_more_layers_take_smaller_tiles_and_stay_within_the_limit():
    assert [_products._side(10_000, layers) for layers in (1, 2, 8, 60, 2**30)] == [
        1024, 1024, 512, 256, 1,
    ]  # fmt: skip
    assert _products._side(5, 2) == 5
    rng = np.random.default_rng(8)
    stack = {str(place): rng.normal(size=(300, 2000)) for place in range(24)}
    limit = 40_000_000  # the layers themselves take 115 MB
    tracemalloc.start()
    try:
        result = cka_matrix(stack, memory_limit=limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 1_000_000 < peak < limit
    np.testing.assert_array_equal(result.matrix, cka_matrix(stack).matrix)
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        cka_matrix(stack, memory_limit=1_000_000)


def test_wide_layers_are_warned_about():
    rng = np.random.default_rng(9)
    result = cka_matrix({"wide": rng.normal(size=(20, 20)), "b": rng.normal(size=(20, 30))})
    assert len(result.warnings) == 1
    assert "'wide' and 1 other layer:" in result.warnings[0]
    assert result.matrix[0, 1] > 0.3 > abs(result.debiased[0, 1])


X = np.random.default_rng(7).normal(size=(20, 3))
NAN = np.where(np.arange(60).reshape(20, 3) == 31, np.nan, X)


@pytest.mark.parametrize(
    ("call", "error", "argument", "rule"),
    [
        (lambda: cka(X, X[:19]), InvalidInputError, "Y", "as many rows as X (20)"),
        (lambda: cka(X[:1], X[:1]), InvalidInputError, "X", "at least 2 rows"),
        (lambda: cka(X[:3], X[:3], debiased=True), InvalidInputError, "X", "at least 4 rows"),
        (lambda: cka(X, NAN), InvalidInputError, "Y", "must be finite"),
        (lambda: cka(X, X[:, 0]), InvalidInputError, "Y", "two axes"),
        (lambda: cka(X, X, debiased="no"), InvalidTypeError, "debiased", "True or False"),
        (lambda: cka(X, X, n_jobs=0), InvalidInputError, "n_jobs", "at least 1"),
        (lambda: cka(X, X, memory_limit=10), MemoryLimitError, "memory_limit", "bytes"),
        (lambda: cka(X, X, progress="bar"), InvalidTypeError, "progress", "callable"),
    ],
)
def test_wrong_input(call, error, argument, rule):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.argument == argument
    assert rule in caught.value.rule


def test_a_value_that_is_not_finite_is_found():
    with pytest.raises(InvalidInputError, match="Y must be finite; got nan at row 10, column 1"):
        cka(X, NAN)
