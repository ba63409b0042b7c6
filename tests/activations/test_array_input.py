"""Arrays of any framework, but torch, as layers."""

import ml_dtypes
import numpy as np
import numpy.ma
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from layerscope import Activations, bfloat16
from layerscope._arrays import BFloat16Array, as_array, as_matrix, encode_labels
from layerscope.errors import InvalidInputError, InvalidTypeError

BASE = np.array([[0.5, -1.5, 2.0], [4.0, 0.0, -0.25]])


def readonly():
    array = BASE.copy()
    array.setflags(write=False)
    return array


def unaligned():
    raw = bytearray(1 + BASE.nbytes)
    array = np.frombuffer(raw, dtype=np.float64, offset=1).reshape(BASE.shape)
    array[:] = BASE
    assert not array.flags.aligned
    return array


class OnlyDlpack:
    """A tensor of a framework that speaks nothing but dlpack."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **kwargs):
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class OldDlpack(OnlyDlpack):
    """The protocol before it had keywords."""

    def __dlpack__(self, stream=None):
        return self._array.__dlpack__()


class OnlyArray:
    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array


class Stubborn(OnlyDlpack):
    """As cupy: __array__ is there and refuses."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("implicit conversion is not allowed")


@pytest.mark.parametrize(
    "X",
    [
        BASE,
        BASE.astype(np.float32),
        BASE.astype(np.float16),
        np.asfortranarray(BASE),
        BASE[::-1, ::-1].copy()[::-1, ::-1],
        np.repeat(np.repeat(BASE, 2, axis=0), 3, axis=1)[::2, ::3],
        readonly(),
        unaligned(),
        BASE.astype(">f8"),
        BASE.astype(">f4"),
        BASE.astype(">f2"),
        np.matrix(BASE) if hasattr(np, "matrix") else BASE,
        numpy.ma.masked_array(BASE, mask=False),
        BASE.tolist(),
        tuple(map(tuple, BASE)),
        list(BASE),
        OnlyDlpack(BASE),
        OnlyDlpack(BASE.astype(np.float32)),
        OldDlpack(BASE),
        OnlyArray(BASE),
        Stubborn(BASE),
        pd.DataFrame(BASE),
        pd.DataFrame(BASE).astype("Float64"),
        pl.DataFrame(BASE),
        BASE.astype(ml_dtypes.bfloat16),
        BASE.astype(ml_dtypes.bfloat16)[::-1][::-1],
        bfloat16(BASE.astype(ml_dtypes.bfloat16).view(np.uint16)),
    ],
    ids=lambda X: f"{type(X).__name__}-{getattr(X, 'dtype', '')}",
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_every_kind_says_the_same(X):
    kept = as_array(X)
    np.testing.assert_array_equal(np.asarray(kept, dtype=np.float64), BASE)
    assert isinstance(kept, BFloat16Array) or type(kept) is np.ndarray
    assert Activations({"a": X})["a"].shape == BASE.shape
    ready = as_matrix(X)
    assert ready.flags.c_contiguous
    assert ready.flags.aligned
    assert ready.dtype in (np.float64, np.float32, np.float16, np.uint16)
    assert ready.dtype.isnative


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (bool, np.float32),
        (np.int8, np.float32),
        (np.uint8, np.float32),
        (np.int16, np.float32),
        (np.int32, np.float64),
        (np.uint32, np.float64),
        (np.int64, np.float64),
        (np.uint64, np.float64),
        (np.dtype(">i4"), np.float64),
    ],
)
def test_integers_are_converted_exactly(kind, becomes):
    info = np.array([[0, 1]], dtype=kind)
    if info.dtype.kind != "b" and info.dtype.itemsize < 8:
        info[0, 1] = np.iinfo(info.dtype).max
    kept = as_array(info)
    assert kept.dtype == becomes
    assert kept.tolist() == info.tolist()


def test_largest_exact_integers():
    edge = [[2**53, -(2**53)]]
    assert as_array(np.array(edge)).tolist() == edge
    for beyond in (2**53 + 1, -(2**53) - 1, -(2**63)):
        with pytest.raises(InvalidInputError, match=r"2\*\*53"):
            as_array(np.array([[beyond]]))


def test_a_memory_map_stays_one(tmp_path):
    mapped = np.memmap(tmp_path / "layer", dtype=np.float32, mode="w+", shape=(3, 2))
    assert as_array(mapped) is mapped
    assert isinstance(Activations({"a": mapped})["a"], np.memmap)
    assert isinstance(bfloat16(mapped.view(np.uint16))[1:].words, np.memmap)


class BFloat16Dlpack:
    def __dlpack__(self, **kwargs):
        raise BufferError("unsupported dtype")

    def __dlpack_device__(self):
        return (1, 0)


@pytest.mark.parametrize(
    ("X", "error", "rule"),
    [
        (np.ones((2, 2), dtype=complex), InvalidTypeError, "real numbers"),
        (np.array([["a", "b"]]), InvalidTypeError, "real numbers"),
        (np.array([[b"a"]]), InvalidTypeError, "real numbers"),
        (np.array([[None, 1.0]]), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype=[("x", "f4")]), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype="V2"), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype="M8[s]"), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype="m8[s]"), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype=np.longdouble), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype=ml_dtypes.float8_e4m3fn), InvalidTypeError, "real numbers"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), InvalidTypeError, "real numbers"),
        (np.zeros((2, 2), dtype="<u2"), InvalidInputError, "must not be uint16"),
        (np.zeros((2, 2), dtype=">u2"), InvalidInputError, "must not be uint16"),
        (numpy.ma.masked_equal(BASE, 0.0), InvalidInputError, "masked"),
        ([[1.0, 2.0], [3.0]], InvalidInputError, "rectangular"),
        ("abc", InvalidTypeError, "must be an array"),
        (b"abc", InvalidTypeError, "must be an array"),
        (None, InvalidTypeError, "must be an array"),
        ({"a": 1}, InvalidTypeError, "must be an array"),
        ({1.0}, InvalidTypeError, "must be an array"),
        (object(), InvalidTypeError, "real numbers"),
        (scipy.sparse.eye(3), InvalidTypeError, "dense"),
        (scipy.sparse.csr_array(np.eye(3)), InvalidTypeError, "dense"),
        (BFloat16Dlpack(), InvalidTypeError, "dlpack"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value[:20],
)
def test_what_is_no_array_of_numbers(X, error, rule):
    with pytest.raises(error, match=rule) as caught:
        Activations({"conv": X})
    assert caught.value.layer == "conv"
    assert caught.value.argument == "layers"


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b"],
        ("b", "a", "b"),
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
        pd.Series(["b", "a", "b"]),
        pd.Categorical(["b", "a", "b"]),
        pl.Series(["b", "a", "b"]),
        iter("bab"),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_labels_of_every_kind(labels):
    codes, classes = encode_labels(labels, 3)
    assert codes.tolist() == [1, 0, 1]
    assert classes == ("a", "b")


@pytest.mark.parametrize(
    ("labels", "error", "rule"),
    [
        ({"a": 1}, InvalidTypeError, "sequence"),
        ({1, 2}, InvalidTypeError, "sequence"),
        (7, InvalidTypeError, "sequence"),
        (np.float64(7), InvalidInputError, "one axis"),
        (np.ones((2, 1)), InvalidInputError, "one axis"),
        ([1, None], InvalidInputError, "missing"),
        ([1.0, float("nan")], InvalidInputError, "missing"),
        (np.array([1.0, np.nan], dtype=np.float16), InvalidInputError, "missing"),
        (pd.Series([1, None], dtype="Int64"), InvalidInputError, "missing"),
        (pd.Series(["x", None]), InvalidInputError, "missing"),
        (pl.Series([1, None]), InvalidInputError, "missing"),
        (np.array(["2020", "NaT"], dtype="M8[D]"), InvalidInputError, "missing"),
        (numpy.ma.masked_array([1, 2], mask=[0, 1]), InvalidInputError, "missing"),
        ([[1], [2]], InvalidTypeError, "hashable"),
    ],
    ids=str,
)
def test_wrong_labels(labels, error, rule):
    with pytest.raises(error, match=rule) as caught:
        encode_labels(labels)
    assert caught.value.argument == "labels"


def test_ragged_lists_are_told_in_few_words():
    with pytest.raises(InvalidInputError) as caught:
        as_array([[1, 2], [3]])
    assert str(caught.value) == "X must be a rectangular array; got rows of different lengths"


@pytest.mark.parametrize("missing", [complex("nan"), complex(0, float("nan"))])
def test_a_complex_nan_is_no_label(missing):
    for labels in ([1j, missing], np.array([1j, missing])):
        with pytest.raises(InvalidInputError, match=r"labels must not be missing; got .* at row 1"):
            encode_labels(labels, 2)
    assert encode_labels([1j, 2j], 2)[0].tolist() == [0, 1]
