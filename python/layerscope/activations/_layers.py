"""What a stack holds: its layers and ids checked, its rows chosen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import (
    Array,
    BFloat16Array,
    as_array,
    check_entries,
    check_matrix_shape,
    to_numpy,
)
from layerscope.activations._names import check_name
from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer

__all__ = ["RowsOf", "check_ids", "check_layers", "row_numbers", "take"]


@dataclass(frozen=True)
class RowsOf:
    """Rows of a layer on disk, read each time they are asked for."""

    base: Array
    rows: npt.NDArray[np.intp]

    def read(self) -> Array:
        """Read the rows."""
        return self.base[self.rows]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rows."""
        return (len(self.rows), *self.base.shape[1:])

    @property
    def dtype(self) -> Any:
        """Kind of the numbers."""
        return self.base.dtype


def check_layers(layers: Any, argument: str, *, computed: bool = False) -> dict[str, Any]:
    """Return the layers as arrays by name; with ``computed``, let results over rows through."""
    if not isinstance(layers, Mapping):
        rule = "must be Activations or a mapping of layer name to array"
        raise InvalidTypeError(argument, rule, type(layers).__name__)
    checked: dict[str, Any] = {}
    for key, layer in layers.items():
        name = check_name(key, argument)
        with in_layer(name):
            untouched = isinstance(layer, RowsOf) or (computed and _is_computed(layer))
            checked[name] = layer if untouched else _check_array(layer, argument)
    if not checked:
        raise InvalidInputError(argument, "must have at least one layer", "none")
    first, rows = "", -1
    for name, layer in checked.items():
        n_samples = _n_rows(layer)
        if rows < 0:
            first, rows = name, n_samples
        if n_samples != rows:
            rule = "must have the same number of rows in every layer"
            found = f"{rows} rows in {first!r}, {n_samples} in {name!r}"
            raise InvalidInputError(argument, rule, found)
    return checked


def _check_array(layer: Any, argument: str) -> Array:
    array = as_array(layer, argument)
    check_matrix_shape(array.shape, argument)
    return array


def _is_computed(layer: Any) -> bool:
    counted = isinstance(getattr(layer, "n_samples", None), int)
    return counted and not hasattr(layer, "__array__") and not isinstance(layer, Mapping)


def _n_rows(layer: Any) -> int:
    return int(layer.n_samples if _is_computed(layer) else layer.shape[0])


def check_ids(sample_ids: Any, n_samples: int) -> tuple[Hashable, ...] | None:
    """Return sample ids, all different."""
    if sample_ids is None:
        return None
    first_at: dict[Hashable, int] = {}
    for row, entry in enumerate(check_entries(sample_ids, n_samples, "sample_ids")):
        before = first_at.setdefault(entry, row)
        if before != row:
            found = f"{entry!r} at rows {before} and {row}"
            raise InvalidInputError("sample_ids", "must be unique", found)
    return tuple(first_at)


def row_numbers(rows: Any, n_samples: int) -> npt.NDArray[np.intp]:
    """Return the numbers of the rows that a mask, numbers or a slice choose."""
    everything = np.arange(n_samples, dtype=np.intp)
    if isinstance(rows, slice):
        chosen = everything[rows]
    else:
        asked = to_numpy(rows, "rows")
        numbers = np.asarray(asked)
        if numbers.size and (isinstance(asked, BFloat16Array) or numbers.dtype.kind not in "iub"):
            rule = "must be booleans or integers"
            raise InvalidTypeError("rows", rule, f"dtype {asked.dtype}")
        if numbers.ndim != 1:
            raise InvalidInputError("rows", "must have one axis", f"shape {numbers.shape}")
        if numbers.dtype.kind == "b":
            if len(numbers) != n_samples:
                rule = f"must have one entry per row ({n_samples}) when they are a mask"
                raise InvalidInputError("rows", rule, f"{len(numbers)} entries")
            chosen = everything[numbers]
        else:
            outside = numbers[(numbers >= n_samples) | (numbers < -n_samples)]
            if outside.size:
                rule = f"must lie between {-n_samples} and {n_samples - 1}"
                raise InvalidInputError("rows", rule, int(outside[0]))
            chosen = everything[numbers.astype(np.intp)]
    if not chosen.size:
        raise InvalidInputError("rows", "must keep at least one row", "none")
    return chosen


def take(layer: Array | RowsOf, rows: npt.NDArray[np.intp]) -> Array | RowsOf:
    """Return rows of a layer: now if it is in memory, when asked for if it is on disk."""
    if isinstance(layer, RowsOf):
        return RowsOf(layer.base, layer.rows[rows])
    values = layer.words if isinstance(layer, BFloat16Array) else layer
    return RowsOf(layer, rows) if isinstance(values, np.memmap) else layer[rows]
