"""Dotted paths of modules, and patterns for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

__all__ = ["PerLayer", "is_pattern", "matches"]

_SIGNS = re.compile(r"\*\*\.|\*\*|\*|\?")
_MEANINGS = {"**.": r"(?:.*\.)?", "**": ".*", "*": r"[^.]*", "?": r"[^.]"}


def is_pattern(text: str) -> bool:
    """Tell whether a text holds a sign that stands for others."""
    return "*" in text or "?" in text


def matches(pattern: str, path: str) -> bool:
    """Tell whether a path fits: ``*`` and ``?`` stay within one part, ``**`` spans the dots.

    >>> [matches("h.*", path) for path in ("h.0", "h.0.mlp", "h")]
    [True, False, False]
    >>> [matches("**.relu", path) for path in ("relu", "a.b.relu", "a.prelu")]
    [True, True, False]
    """
    return _compiled(pattern).fullmatch(path) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces, end = [], 0
    for sign in _SIGNS.finditer(pattern):
        pieces += [re.escape(pattern[end : sign.start()]), _MEANINGS[sign.group()]]
        end = sign.end()
    return re.compile("".join([*pieces, re.escape(pattern[end:])]), re.DOTALL)


class PerLayer:
    """One value for all layers, or a value for each name or pattern.

    The name of the call (``act#2``) decides before the path of the module (``act``), and both
    before patterns, of which the first that fits is taken.
    """

    def __init__(self, given: Any) -> None:
        self._table: Mapping[Any, Any] | None = given if isinstance(given, Mapping) else None
        self._value = None if isinstance(given, Mapping) else given
        self._used: set[str] = set()

    def of(self, name: str, path: str) -> Any:
        """Return the value for a layer, None where there is none."""
        if self._table is None:
            return self._value
        for key in self._table:
            if key in (name, path):
                self._used.add(key)
        for key in (name, path):
            if key in self._table:
                return self._table[key]
        for key in self._table:
            if matches(key, name) or matches(key, path):
                self._used.add(key)
                return self._table[key]
        return None

    def values(self) -> Iterable[Any]:
        """Return every value given."""
        if self._table is not None:
            return self._table.values()
        return () if self._value is None else (self._value,)

    def keys(self) -> Iterable[Any]:
        """Return every name given."""
        return () if self._table is None else self._table.keys()

    def unused(self) -> list[str]:
        """Return the exact names that no layer asked for; patterns may fit nothing."""
        return [key for key in self.keys() if key not in self._used and not is_pattern(key)]
