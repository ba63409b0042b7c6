"""Names of layers: their natural order, their names as files, their checks."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["check_name", "check_names", "file_stem", "natural_order"]

_PLAIN = frozenset(string.ascii_letters + string.digits + "_-.")
_LONGEST_STEM = 200  # file systems stop at 255 bytes
_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789"]
)


def natural_order(names: Iterable[str]) -> list[str]:
    """Return the names sorted so that numbers inside them count as numbers.

    >>> natural_order(["conv10", "conv2", "conv1"])
    ['conv1', 'conv2', 'conv10']
    """
    return sorted(names, key=lambda name: (_natural_key(name), name))


def _natural_key(name: str) -> list[tuple[int, str]]:
    key = []
    for place, part in enumerate(re.split("([0-9]+)", name)):
        digits = part.lstrip("0") if place % 2 else ""
        # the length orders numbers of any size, a hostile million digits included
        key.append((len(digits), digits) if place % 2 else (0, part.casefold()))
    return key


def file_stem(name: str) -> str:
    r"""Return a file name, without suffix, that stays inside its folder whatever the layer's name.

    Different names give different stems; ordinary names stay as they are.

    >>> file_stem("block1.conv-2"), file_stem("../../etc/passwd"), file_stem("a b\0")
    ('block1.conv-2', '%2E.%2F..%2Fetc%2Fpasswd', 'a%20b%00')
    """
    raw = name.encode("utf-8", "surrogatepass")
    pieces = [chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in raw]
    reserved = name.split(".", maxsplit=1)[0].upper() in _WINDOWS_DEVICES
    if raw and (raw.startswith(b".") or reserved):  # neither hidden files nor devices
        pieces[0] = f"%{raw[0]:02X}"
    stem = "".join(pieces)
    if len(stem) > _LONGEST_STEM:
        stem = f"{stem[: _LONGEST_STEM - 40]}%{blake2b(raw, digest_size=16).hexdigest()}"
    return stem


def check_name(name: object, argument: str) -> str:
    """Return the name of a layer, a string with at least one character."""
    if not isinstance(name, str):
        rule = "must be named by strings"
        raise InvalidTypeError(argument, rule, f"{name!r} ({type(name).__name__})")
    if not name:
        raise InvalidInputError(argument, "must be named by strings that are not empty", repr(name))
    return str(name)


def check_names(names: Any, known: Iterable[str], argument: str) -> tuple[str, ...]:
    """Return names that are all known and all different, at least one."""
    rule = "must be a sequence of layer names"
    if isinstance(names, str | bytes):
        raise InvalidTypeError(argument, rule, repr(names))
    try:
        wanted = list(names)
    except TypeError:
        raise InvalidTypeError(argument, rule, type(names).__name__) from None
    if not wanted:
        raise InvalidInputError(argument, "must name at least one layer", "none")
    present = tuple(known)
    for place, name in enumerate(wanted):
        check_name(name, argument)
        if name not in present:
            listed = _listed(natural_order(present))
            raise InvalidInputError(argument, f"must be among {listed}", repr(name))
        if name in wanted[:place]:
            raise InvalidInputError(argument, "must name no layer twice", repr(name))
    return tuple(str(name) for name in wanted)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return f"{shown}, … ({len(names)} in all)" if len(names) > 12 else shown
