"""``.npy`` files, and folders of them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import Array, bfloat16
from layerscope.activations._files import (
    Source,
    check_numbers,
    map_array,
    read_numbers,
    refuse,
    regular_file,
)
from layerscope.activations._metadata import LONGEST_HEADER, parse
from layerscope.activations._names import file_stem
from layerscope.errors import InvalidInputError

__all__ = ["METADATA_FILE", "map_npy", "open_folder", "open_npy", "read_text"]

METADATA_FILE = "layerscope.json"
_LONGEST_NPY_HEADER = 10_000  # characters; numpy's own bound for files it does not trust


def map_npy(path: Path, argument: str = "path") -> npt.NDArray[Any]:
    """Map a ``.npy`` file, of any shape and of any dtype but objects.

    Raises
    ------
    InvalidInputError
        For a missing, unreadable, truncated or foreign file, and for pickled objects.
    """
    regular_file(path, argument)
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            reader = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = reader(file, max_header_size=_LONGEST_NPY_HEADER)
            offset = file.tell()
    except OSError as error:
        raise InvalidInputError(argument, "must be readable", f"{path}: {error.strerror}") from None
    except Exception:  # the header is a Python literal: hostile ones break numpy anyhow
        # What numpy says may hold objects and pieces of the file, which tell a reader nothing.
        rule = "must be a .npy file"
        found = f"{path}, whose header cannot be read"
        raise InvalidInputError(argument, rule, found) from None
    if any(type(axis) is not int for axis in shape):  # numpy lets True pass for 1 here
        raise InvalidInputError(argument, "must be a .npy file", f"{path} of shape {shape}")
    if dtype.hasobject:
        check_numbers(dtype, path, argument)
    return map_array(path, dtype, shape, offset, fortran=bool(fortran), argument=argument)


def open_npy(path: Path) -> Source:
    """Return the one layer of a ``.npy`` file, named as the file."""
    return Source(path, {path.stem: partial(_read_layer, path, marked=False)})


def open_folder(path: Path, files: list[Path]) -> Source:
    """Return the layers of a folder of ``.npy`` files, with the metadata beside them if any."""
    by_stem = {file.stem: file for file in files}
    if not (path / METADATA_FILE).exists():
        return Source(
            path, {stem: partial(_read_layer, by_stem[stem], marked=False) for stem in by_stem}
        )
    metadata = parse(read_text(path / METADATA_FILE), str(path / METADATA_FILE))
    readers = {}
    for name in metadata.layers:
        file = by_stem.pop(file_stem(name), None)
        if file is None:
            rule = f"must hold every layer that its {METADATA_FILE} lists"
            raise refuse(path, rule, f"no file of layer {name!r}")
        readers[name] = partial(_read_layer, file, marked=name in metadata.bfloat16)
    return Source(path, readers, metadata, _unlisted(path, by_stem))


def read_text(path: Path) -> bytes:
    """Return a small file whole."""
    size = regular_file(path)
    if size > LONGEST_HEADER:
        raise refuse(path, f"must be at most {LONGEST_HEADER} bytes long", f"{size} bytes")
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse(path, "must be readable", error.strerror) from None


def _read_layer(path: Path, *, marked: bool) -> Array:
    array = map_npy(path)
    if marked and array.dtype == np.uint16:
        return bfloat16(array)
    return read_numbers(array, path)


def _unlisted(path: Path, left: dict[str, Path]) -> tuple[str, ...]:
    if not left:
        return ()
    names = ", ".join(sorted(os.path.basename(file) for file in left.values()))
    return (f"{path.name} holds files that its {METADATA_FILE} does not list, left out: {names}.",)
