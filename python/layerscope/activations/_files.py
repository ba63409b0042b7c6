"""Reading what others wrote: what kind of thing a path is, and its bytes mapped safely."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import Array, as_array
from layerscope.activations._metadata import Metadata
from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = [
    "Source",
    "check_numbers",
    "check_path",
    "map_array",
    "read_numbers",
    "refuse",
    "regular_file",
]


@dataclass(frozen=True)
class Source:
    """Layers that wait to be read, by name, in no order unless ``metadata`` tells one."""

    path: Path
    readers: Mapping[str, Callable[[], Array]]
    metadata: Metadata | None = None
    warnings: tuple[str, ...] = field(default=())


def refuse(path: Path | str, rule: str, because: object = "") -> InvalidInputError:
    """Return the error for a file that breaks a rule; its value is the path and the reason."""
    return InvalidInputError("path", rule, f"{path}: {because}" if str(because) else str(path))


def check_path(path: Any, argument: str = "path") -> Path:
    """Return ``path`` as a Path.

    Raises
    ------
    InvalidTypeError
        If it is neither a string nor a path.
    InvalidInputError
        If it is empty.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise InvalidTypeError(argument, "must be a string or a path", type(path).__name__)
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise InvalidInputError(argument, "must name a file or folder", repr(os.fspath(path)))
    return Path(path)


def regular_file(path: Path, argument: str = "path") -> int:
    """Return the size of a regular file in bytes; pipes and devices could block for ever."""
    try:
        if not path.exists():
            raise InvalidInputError(argument, "must exist", str(path))
        if not path.is_file():
            raise InvalidInputError(argument, "must be a regular file", str(path))
        return path.stat().st_size
    except OSError as error:
        raise InvalidInputError(argument, "must be readable", f"{path}: {error.strerror}") from None


def read_numbers(array: npt.NDArray[Any], path: Path) -> Array:
    """Return an array of a file as a layer: floats as they are, integers converted."""
    check_numbers(array.dtype, path)
    try:
        return as_array(array, "path")
    except InvalidInputError as error:  # an integer too large
        raise refuse(path, error.rule, error.value) from None


def check_numbers(dtype: np.dtype[Any], path: Path, argument: str = "path") -> None:
    """Refuse a dtype of a file that no array of real numbers has, objects before all."""
    if dtype.hasobject:
        rule = (
            "must hold plain numbers: pickled objects run code when read, and are never unpickled"
        )
    elif dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None:
        rule = (
            "must name its dtype; .npy cannot hold bfloat16, Activations.save and safetensors can"
        )
    elif dtype.kind == "u" and dtype.itemsize == 2:
        rule = "must not hold uint16: counts take another kind, bfloat16 words BF16 in safetensors"
    elif dtype.kind not in "fiub" or dtype.itemsize > 8:
        rule = "must hold real numbers (floats of 16, 32 or 64 bits, integers or booleans)"
    else:
        return
    raise InvalidInputError(argument, rule, f"{path}: dtype {dtype}")


def map_array(
    path: Path,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int,
    *,
    fortran: bool = False,
    argument: str = "path",
) -> npt.NDArray[Any]:
    """Map an array that a file declares, once its size has been checked against the file's.

    Raises
    ------
    InvalidInputError
        If the file is shorter than what it declares, or the array is empty.
    """
    declared = math.prod(shape) * dtype.itemsize
    held = regular_file(path, argument) - offset
    if any(axis < 0 for axis in shape) or declared > held:
        rule = "must hold as many bytes as its header declares"
        found = f"{path}: shape {shape} of {dtype} takes {declared} bytes, the file has {held}"
        raise InvalidInputError(argument, rule, found)
    if declared == 0:
        rule = "must have at least one row and one column"
        raise InvalidInputError(argument, rule, f"{path}: shape {shape}")
    try:
        return np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    except (OSError, ValueError) as error:
        raise InvalidInputError(argument, "must be readable", f"{path}: {error}") from None
