"""What a saved stack says of itself: order of the layers, sample ids, labels.

It is one JSON text: the ``layerscope`` entry of a safetensors header, or ``layerscope.json`` in a
folder. It holds strings and integers only, which JSON gives back exactly.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from layerscope._version import __version__
from layerscope.errors import InvalidInputError

__all__ = ["LONGEST_HEADER", "Metadata", "dump", "parse"]

LONGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors library
_FORMAT = 1


@dataclass(frozen=True)
class Metadata:
    """The order of the layers and what belongs to their rows."""

    layers: tuple[str, ...]
    sample_ids: tuple[Hashable, ...] | None = None
    labels: tuple[Hashable, ...] | None = None
    bfloat16: tuple[str, ...] = ()


def dump(metadata: Metadata) -> str:
    """Return the text of a stack's metadata, in ASCII.

    Raises
    ------
    InvalidInputError
        If sample ids or labels are not all strings, booleans or 64-bit integers.
    """
    for argument in ("sample_ids", "labels"):
        for row, entry in enumerate(getattr(metadata, argument) or ()):
            if not _is_plain(entry):
                rule = "must be strings, booleans or 64-bit integers to be saved"
                found = f"{entry!r} ({type(entry).__name__}) at row {row}"
                raise InvalidInputError(argument, rule, found)
    return json.dumps(
        {
            "format": _FORMAT,
            "layerscope": __version__,
            "layers": metadata.layers,
            "sample_ids": metadata.sample_ids,
            "labels": metadata.labels,
            "bfloat16": metadata.bfloat16,
        }
    )


def parse(text: str | bytes, place: str) -> Metadata:
    """Return the metadata in ``text``, which may come from anyone.

    Raises
    ------
    InvalidInputError
        If it is not what :func:`dump` writes.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(place, f"metadata that are no JSON ({error})") from None
    if not isinstance(told, dict) or type(told.get("format")) is not int:
        raise _broken(place, "metadata without a format number")
    if told["format"] != _FORMAT:
        rule = f"must be saved in format {_FORMAT}, which this version of layerscope reads"
        raise InvalidInputError("path", rule, f"{place}: format {told['format']}")
    layers = _strings(told, "layers", place)
    if not layers or len(set(layers)) < len(layers) or "" in layers:
        raise _broken(place, "metadata without layers, or with one twice")
    bfloat16 = _strings(told, "bfloat16", place)
    return Metadata(
        layers, _entries(told, "sample_ids", place), _entries(told, "labels", place), bfloat16
    )


def _strings(told: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    names = told.get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _broken(place, f"metadata whose {key!r} are no list of strings")
    return tuple(names)


def _entries(told: dict[str, Any], key: str, place: str) -> tuple[Hashable, ...] | None:
    entries: Sequence[Any] | None = told.get(key)
    if entries is None:
        return None
    if not isinstance(entries, list) or not all(map(_is_plain, entries)):
        raise _broken(place, f"metadata whose {key!r} are no list of strings and integers")
    return tuple(entries)


def _is_plain(entry: object) -> bool:
    if type(entry) is int:
        return -(2**63) <= entry < 2**64
    return type(entry) in (str, bool)


def _broken(place: str, what: str) -> InvalidInputError:
    return InvalidInputError(
        "path", "must be a stack as Activations.save writes it", f"{place}: {what}"
    )
