"""safetensors files: mapped when read, streamed when written.

The library proves the header sound; the values are then mapped at their place in the file, which
it does not offer, and bfloat16 needs no package beyond numpy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from layerscope._arrays import Array, BFloat16Array, bfloat16
from layerscope.activations._blocks import row_blocks
from layerscope.activations._files import Source, map_array, read_numbers, refuse, regular_file
from layerscope.activations._metadata import LONGEST_HEADER, parse
from layerscope.errors import InvalidInputError, MissingExtraError, in_layer

__all__ = ["ENTRY", "open_safetensors", "write_safetensors"]

ENTRY = "layerscope"
_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U8": "u1",
}  # fmt: skip
_CODES = {"float64": "F64", "float32": "F32", "float16": "F16"}


def open_safetensors(path: Path) -> Source:
    """Return the tensors of a file as layers, with the metadata of a saved stack if it is one.

    Raises
    ------
    InvalidInputError
        For a file that the safetensors library does not find sound.
    MissingExtraError
        If that library, part of the ordinary install, is not there.
    """
    _prove(path)
    header, data_at = _header(path)
    told = header.pop("__metadata__", {})
    if "" in header:
        raise refuse(path, "must give every tensor a name", "one without")
    metadata = parse(told[ENTRY], str(path)) if ENTRY in told else None
    readers = {name: partial(_read, path, name, spec, data_at) for name, spec in header.items()}
    if metadata is None:
        return Source(path, readers)
    missing = [name for name in metadata.layers if name not in readers]
    if missing:
        rule = "must hold every layer that its metadata lists"
        raise refuse(path, rule, f"no tensor {missing[0]!r}")
    left = sorted(set(readers) - set(metadata.layers))
    listed = {name: readers[name] for name in metadata.layers}
    if not left:
        return Source(path, listed, metadata)
    warning = (
        f"{path.name} holds tensors that its metadata do not list, left out: {', '.join(left)}."
    )
    return Source(path, listed, metadata, (warning,))


def _prove(path: Path) -> None:
    regular_file(path)
    try:
        from safetensors import safe_open
    except ImportError:
        rule = "must be installed to read .safetensors files: pip install safetensors"
        raise MissingExtraError("safetensors", rule, "no such module") from None
    try:
        with safe_open(path, framework="numpy") as file:
            file.keys()
    except MemoryError:
        raise
    except Exception as error:  # SafetensorError derives from Exception alone
        raise refuse(path, "must be a sound .safetensors file", error) from None


def _header(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST_HEADER:
            raise refuse(path, f"must have a header of at most {LONGEST_HEADER} bytes", length)
        header = json.loads(file.read(length))
    return header, 8 + length


def _read(path: Path, name: str, spec: dict[str, Any], data_at: int) -> Array:
    kind, shape = str(spec["dtype"]), tuple(spec["shape"])
    begin, end = spec["data_offsets"]
    with in_layer(name):
        if kind == "U16":
            rule = "must not hold uint16: bfloat16 words are stored as BF16, counts as U32"
            raise refuse(path, rule)
        if kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise refuse(path, f"must hold tensors of a known kind ({known})", kind)
        array = map_array(path, np.dtype(_KINDS[kind]), shape, data_at + begin)
        if array.nbytes != end - begin:
            raise refuse(
                path, "must be a sound .safetensors file", f"{end - begin} bytes for {shape}"
            )
        return bfloat16(array) if kind == "BF16" else read_numbers(array, path)


def write_safetensors(file: BinaryIO, layers: Mapping[str, Array], text: str) -> None:
    """Write layers in order, a block of rows at a time, with ``text`` as the stack's metadata."""
    placed = _widest_first(layers)
    begins, end = {}, 0
    for name in placed:
        begins[name], end = end, end + layers[name].nbytes
    header: dict[str, Any] = {"__metadata__": {ENTRY: text}}
    for name, layer in layers.items():
        _check_key(name)
        kind = "BF16" if isinstance(layer, BFloat16Array) else _CODES[layer.dtype.name]
        offsets = [begins[name], begins[name] + layer.nbytes]
        header[name] = {"dtype": kind, "shape": layer.shape, "data_offsets": offsets}
    packed = json.dumps(header).encode("ascii")
    packed += b" " * (-len(packed) % 8)  # so that every value is aligned
    if len(packed) > LONGEST_HEADER:
        rule = f"must fit in a header of {LONGEST_HEADER} bytes; save to a folder instead"
        raise InvalidInputError("sample_ids and labels", rule, f"{len(packed)} bytes")
    file.write(len(packed).to_bytes(8, "little") + packed)
    for name in placed:
        for block in row_blocks(layers[name]):
            file.write(block)


def _widest_first(layers: Mapping[str, Array]) -> list[str]:
    """Return the names with the widest numbers first, so that odd sizes unalign nobody."""
    return sorted(layers, key=lambda name: -(layers[name].nbytes // math.prod(layers[name].shape)))


def _check_key(name: str) -> None:
    if name == "__metadata__":
        rule = "must not take the name that the safetensors format keeps for itself"
        raise InvalidInputError("path", rule, repr(name))
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        rule = "must have names that UTF-8 can write; save to a folder instead"
        raise InvalidInputError("path", rule, ascii(name)) from None
