"""Maps and tokens reduced to one row per sample, the way the user says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import Array, BFloat16Array, as_array, to_float, to_numpy
from layerscope._settings import check_choice
from layerscope.activations._blocks import row_ranges
from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["LAYOUTS", "POOLS", "pool"]

LAYOUTS = {
    "NCHW": "(n_samples, channels, height, width)",
    "NHWC": "(n_samples, height, width, channels)",
    "NTC": "(n_samples, tokens, channels)",
}
POOLS = ("flatten", "mean", "max", "cls", "last")
_PLACES = {"NCHW": (2, 3), "NHWC": (1, 2), "NTC": (1,)}  # the axes that mean and max reduce


def pool(
    X: Any,
    *,
    layout: str,
    how: str | Callable[[npt.NDArray[Any]], Any],
    mask: Any = None,
) -> Array:
    """Reduce feature maps or tokens to one row per sample.

    Parameters
    ----------
    X : array-like of shape (n, c, h, w), (n, h, w, c) or (n, t, c)
        Maps or tokens, of any kind that layerscope takes. Memory maps are read in blocks of rows.
    layout : {"NCHW", "NHWC", "NTC"}
        What the axes are; it is never guessed.
    how : {"flatten", "mean", "max", "cls", "last"} or callable
        ``"flatten"`` puts the axes after the first one after another as they lie, the last running
        fastest: feature ``c * h * w + y * w + x`` for NCHW, ``(y * w + x) * c_total + c`` for NHWC.
        ``"mean"`` and ``"max"`` reduce the places (height and width, or tokens) and keep the
        channels. ``"cls"`` takes the first token, ``"last"`` the last one that the mask keeps; both
        only for NTC. A callable gets the whole array (bfloat16 as float32) and returns a matrix
        with the same number of rows.
    mask : array-like of bool of shape (n, t), optional
        For NTC: which tokens count, True or 1 for those that do. Not for ``"flatten"`` nor for a
        callable.

    Returns
    -------
    ndarray or BFloat16Array of shape (n, n_features)
        The kind of ``X``, except that the mean of float16 and bfloat16 is float32. Means are added
        up in float64 and rounded once.

    Raises
    ------
    InvalidInputError
        For a wrong number of axes, an empty axis, an unknown layout or way, a mask that does not
        fit, a row whose mask keeps no token, ``"cls"`` where the mask leaves out the first token.
    InvalidTypeError
        For a mask that is not boolean, and for what is not an array of numbers.

    Notes
    -----
    Time is proportional to the size of ``X``; scratch is some 100 MB at most, plus what a callable
    takes.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import pool
    >>> maps = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> pool(maps, layout="NCHW", how="mean")
    array([[1.5, 5.5]])
    >>> tokens = np.array([[[1.0], [2.0], [9.0]]])
    >>> pool(tokens, layout="NTC", how="last", mask=[[True, True, False]])
    array([[2.]])
    """
    axes = LAYOUTS[check_choice("layout", layout, LAYOUTS)]
    way = how if callable(how) else check_choice("how", how, POOLS)
    array = as_array(X)
    if array.ndim != len(layout):
        rule = f"must have {len(layout)} axes {axes} for layout {layout!r}"
        raise InvalidInputError("X", rule, f"shape {array.shape}")
    if 0 in array.shape:
        raise InvalidInputError("X", "must have no empty axis", f"shape {array.shape}")
    if way in ("cls", "last") and layout != "NTC":
        raise InvalidInputError("how", "must be flatten, mean or max for maps", repr(way))
    kept = None if mask is None else _check_mask(mask, layout, way, array.shape)
    if callable(way):
        return _call(way, array)
    if way == "flatten":
        return _each(array, lambda values: values.reshape(len(values), -1))
    if way in ("cls", "last"):
        tokens = _token(way, array.shape, kept)
        return _each(array, lambda values: np.asarray(values[np.arange(len(values)), tokens]))
    return _reduce(array, way, _PLACES[layout], kept)


def _reduce(
    array: Array, way: str, places: tuple[int, ...], kept: npt.NDArray[np.bool_] | None
) -> Array:
    blocks = []
    for rows in row_ranges(array.shape, 8):
        block = to_float(array[rows])
        where: Any = True if kept is None else kept[rows, :, None]
        if way == "mean":
            mean = np.mean(block, axis=places, dtype=np.float64, where=where)
            blocks.append(mean.astype(block.dtype))
        else:
            blocks.append(np.max(block, axis=places, initial=-np.inf, where=where))
    pooled: npt.NDArray[Any] = np.concatenate(blocks)
    if way == "mean":
        return pooled
    if isinstance(array, BFloat16Array):  # the largest is one of them: its lower half is zero
        return BFloat16Array((pooled.view(np.uint32) >> 16).astype(np.uint16))
    return pooled.astype(array.dtype, copy=False)


def _each(array: Array, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Array:
    if isinstance(array, BFloat16Array):
        return BFloat16Array(change(array.words))
    return change(array)


def _token(
    way: str, shape: tuple[int, ...], kept: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.intp]:
    n_samples, n_tokens = shape[:2]
    if kept is None:
        return np.full(n_samples, 0 if way == "cls" else n_tokens - 1, dtype=np.intp)
    if way == "last":
        back = np.argmax(kept[:, ::-1], axis=1)
        return np.asarray(n_tokens - 1 - back, dtype=np.intp)
    if not kept[:, 0].all():
        row = int(np.argmin(kept[:, 0]))
        raise InvalidInputError("mask", "must keep the first token for 'cls'", f"none at row {row}")
    return np.zeros(n_samples, dtype=np.intp)


def _check_mask(mask: Any, layout: str, way: Any, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    if layout != "NTC":
        raise InvalidInputError("mask", "must be None for maps", f"layout {layout!r}")
    if way == "flatten" or callable(way):
        rule = "must be None for 'flatten' and for a callable, which reduces tokens itself"
        raise InvalidInputError("mask", rule, "a mask")
    given = to_numpy(mask, "mask")
    values = np.asarray(given)
    if values.dtype.kind not in "iub":
        rule = "must be booleans, or integers 0 and 1"
        raise InvalidTypeError("mask", rule, f"dtype {given.dtype}")
    if values.shape != shape[:2]:
        rule = f"must have shape (n_samples, tokens), here {shape[:2]}"
        raise InvalidInputError("mask", rule, f"shape {values.shape}")
    kept = values.astype(bool)
    if not np.array_equal(kept, values):
        other = int(values[(values != 0) & (values != 1)][0])
        raise InvalidInputError("mask", "must be booleans, or integers 0 and 1", other)
    empty = ~kept.any(axis=1)
    if empty.any():
        rule = "must keep at least one token of every row"
        raise InvalidInputError("mask", rule, f"none at row {int(np.argmax(empty))}")
    return kept


def _call(how: Callable[[npt.NDArray[Any]], Any], array: Array) -> Array:
    whole = np.asarray(array) if isinstance(array, BFloat16Array) else array
    pooled = as_array(how(whole), "how")
    if pooled.ndim != 2 or pooled.shape[0] != array.shape[0]:
        rule = f"must return a matrix of {array.shape[0]} rows"
        raise InvalidInputError("how", rule, f"shape {pooled.shape}")
    return pooled
