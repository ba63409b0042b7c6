"""pool: maps and tokens to one row per sample."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from layerscope import bfloat16, pool
from layerscope._arrays import BFloat16Array
from layerscope.activations import _blocks


@pytest.fixture
def maps():
    return np.random.default_rng(1).normal(size=(5, 3, 4, 2)).astype(np.float32)


@pytest.fixture
def tokens():
    return np.random.default_rng(2).normal(size=(4, 3, 2))


def channels_last(maps):
    return np.moveaxis(maps, 1, 3)


def test_both_layouts_reduce_the_same_places(maps):
    for how, oracle in (("mean", np.mean), ("max", np.max)):
        expected = oracle(maps.astype(np.float64), axis=(2, 3)).astype(np.float32)
        np.testing.assert_array_equal(pool(maps, layout="NCHW", how=how), expected)
        np.testing.assert_allclose(
            pool(channels_last(maps), layout="NHWC", how=how), expected, rtol=1e-6
        )


def test_flatten_keeps_the_axes_as_they_lie(maps):
    flat = pool(maps, layout="NCHW", how="flatten")
    assert np.shares_memory(flat, maps)
    c, y, x = 2, 3, 1
    np.testing.assert_array_equal(flat[:, c * 8 + y * 2 + x], maps[:, c, y, x])
    last = pool(channels_last(maps), layout="NHWC", how="flatten")
    np.testing.assert_array_equal(last[:, (y * 2 + x) * 3 + c], maps[:, c, y, x])


def test_tokens(tokens):
    np.testing.assert_allclose(pool(tokens, layout="NTC", how="mean"), tokens.mean(axis=1))
    np.testing.assert_array_equal(pool(tokens, layout="NTC", how="max"), tokens.max(axis=1))
    np.testing.assert_array_equal(pool(tokens, layout="NTC", how="cls"), tokens[:, 0])
    np.testing.assert_array_equal(pool(tokens, layout="NTC", how="last"), tokens[:, -1])
    np.testing.assert_array_equal(pool(tokens, layout="NTC", how="flatten"), tokens.reshape(4, 6))


@given(
    arrays.arrays(np.float32, (3, 4, 2), elements=st.floats(-1e3, 1e3, width=32)),
    arrays.arrays(bool, (3, 4)),
)
def test_masks_against_a_loop(values, mask):
    mask[:, 1] = True  # every row keeps a token
    for how, reduce in (("mean", np.mean), ("max", np.max), ("last", lambda kept, axis: kept[-1])):
        expected = [
            reduce(row[kept].astype(np.float64), axis=0)
            for row, kept in zip(values, mask, strict=True)
        ]
        pooled = pool(values, layout="NTC", how=how, mask=mask)
        assert pooled.dtype == np.float32
        np.testing.assert_allclose(pooled, np.array(expected), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("how", ["mean", "max", "last"])
def test_what_the_mask_leaves_out_may_be_anything(how):
    values = np.array([[[1.0], [3.0], [np.nan]], [[2.0], [np.inf], [np.nan]]])
    mask = np.array([[1, 1, 0], [1, 0, 0]])
    expected = {"mean": [[2.0], [2.0]], "max": [[3.0], [2.0]], "last": [[3.0], [2.0]]}
    np.testing.assert_array_equal(pool(values, layout="NTC", how=how, mask=mask), expected[how])


def test_nan_that_counts_stays_nan():
    values = np.array([[[1.0], [np.nan]], [[-np.inf], [-np.inf]]])
    for how in ("mean", "max"):
        pooled = pool(values, layout="NTC", how=how)
        assert np.isnan(pooled[0, 0])
        assert pooled[1, 0] == -np.inf


def test_cls_under_a_mask_that_keeps_it(tokens):
    mask = np.array([[True, False, False]] * 4)
    np.testing.assert_array_equal(pool(tokens, layout="NTC", how="cls", mask=mask), tokens[:, 0])


def test_float16_does_not_overflow_or_stall():
    values = np.full((1, 1, 300, 300), 60_000.0, dtype=np.float16)
    mean = pool(values, layout="NCHW", how="mean")
    assert mean.dtype == np.float32
    assert mean[0, 0] == np.float32(np.float16(60_000.0))
    assert pool(values, layout="NCHW", how="max").dtype == np.float16


def test_float32_means_are_rounded_once():
    values = np.full((1, 400, 400, 1), 0.1, dtype=np.float32)
    assert pool(values, layout="NHWC", how="mean")[0, 0] == np.float32(0.1)


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("how", ["flatten", "mean", "max", "cls", "last"])
def test_bfloat16(tokens, how, marked):
    rounded = tokens.astype(ml_dtypes.bfloat16)
    given = bfloat16(rounded.view(np.uint16)) if marked else rounded
    pooled = pool(given, layout="NTC", how=how)
    expected = pool(rounded.astype(np.float32), layout="NTC", how=how)
    assert isinstance(pooled, BFloat16Array) == (how != "mean")
    np.testing.assert_array_equal(np.asarray(pooled), expected)


@pytest.mark.parametrize("how", ["flatten", "mean", "max"])
def test_blocks_change_nothing(maps, how, monkeypatch, tmp_path):
    whole = pool(maps, layout="NCHW", how=how)
    np.save(tmp_path / "maps.npy", maps)
    monkeypatch.setattr(_blocks, "_BLOCK_BYTES", 400)
    assert len(list(_blocks.row_ranges(maps.shape, 8))) == 3
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    np.testing.assert_array_equal(pool(mapped, layout="NCHW", how=how), whole)


def test_integer_images():
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    np.testing.assert_allclose(pool(images, layout="NHWC", how="mean"), [[10.5, 11.5, 12.5]])


def test_a_callable_gets_the_whole_array(maps):
    seen = []

    def deviation(values):
        seen.append(values.shape)
        return values.std(axis=(2, 3))

    pooled = pool(maps, layout="NCHW", how=deviation)
    assert seen == [(5, 3, 4, 2)]
    np.testing.assert_array_equal(pooled, maps.std(axis=(2, 3)))
    words = bfloat16(np.zeros((2, 3, 2), dtype=np.uint16))
    assert pool(words, layout="NTC", how=lambda X: X[:, 0] + np.float32(1)).dtype == np.float32


def test_nothing_given_is_changed(maps):
    before = maps.copy()
    maps.setflags(write=False)
    for how in ("flatten", "mean", "max"):
        pool(maps, layout="NCHW", how=how)
    np.testing.assert_array_equal(maps, before)
