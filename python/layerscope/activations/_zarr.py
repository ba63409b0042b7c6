"""Groups of zarr arrays (extra ``zarr``), read into memory."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from layerscope._arrays import Array
from layerscope.activations._files import Source, check_numbers, read_numbers, refuse
from layerscope.activations._npy import read_text
from layerscope.errors import MissingExtraError, in_layer

__all__ = ["is_zarr", "open_zarr"]

_METADATA_FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")
_LARGE, _MOST_PACKED = 1 << 32, 1000  # bytes, ratio: past both, a group is taken for a bomb


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a zarr group or array."""
    return any((path / name).is_file() for name in _METADATA_FILES[:3])


def open_zarr(path: Path) -> Source:
    """Return the arrays directly in a zarr group as layers.

    Raises
    ------
    MissingExtraError
        If zarr is not installed.
    InvalidInputError
        For a group that zarr cannot read, that holds no array, or that asks for pickle.
    """
    _refuse_pickle(path)
    try:
        import zarr
    except ImportError:
        rule = "must be installed: pip install zarr"
        raise MissingExtraError("zarr", rule, "no such module") from None
    try:
        group = zarr.open_group(str(path), mode="r")
        readers = {name: partial(_read, path, name, array) for name, array in group.arrays()}
    except Exception as error:  # a broken group can fail in any of zarr's layers
        raise refuse(path, "must be a zarr group", f"{error!s:.120}") from None
    if not readers:
        raise refuse(path, "must hold at least one array, directly in the group")
    return Source(path, readers)


def _read(path: Path, name: str, array: Any) -> Array:
    with in_layer(name):
        check_numbers(np.dtype(array.dtype), path)
        if array.nbytes > _LARGE and array.nbytes > _MOST_PACKED * array.nbytes_stored():
            rule = f"must not unpack to more than {_MOST_PACKED} times its stored size"
            raise refuse(path, rule, f"{array.nbytes} bytes")
        try:
            values = array[...]
        except Exception as error:
            raise refuse(path, "must hold sound arrays", f"{error!s:.120}") from None
        return read_numbers(np.asarray(values), path)


def _refuse_pickle(path: Path) -> None:
    """Look for a pickle codec before zarr does: it would run the file's code to decode a chunk."""
    for place in (path, *(entry for entry in path.iterdir() if entry.is_dir())):
        for name in _METADATA_FILES:
            if (place / name).is_file():
                try:
                    told = json.loads(read_text(place / name))
                except (ValueError, RecursionError) as error:
                    raise refuse(place / name, "must be JSON", f"{error!s:.120}") from None
                if _names_pickle(told):
                    rule = "must not use pickle: it runs code when read, and is never unpickled"
                    raise refuse(place / name, rule)


def _names_pickle(told: Any) -> bool:
    if isinstance(told, dict):
        named = any("pickle" in str(told.get(key, "")).lower() for key in ("id", "name"))
        return named or any(map(_names_pickle, told.values()))
    return isinstance(told, list) and any(map(_names_pickle, told))
