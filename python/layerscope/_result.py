"""What every result has in common: frozen, printable, convertible, with settings and warnings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

__all__ = ["Result", "json_safe"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result:
    """Base of all results.

    Attributes
    ----------
    settings : dict
        Everything needed to repeat the call: function, version, parameters, seed.
    warnings : tuple of str
        What a reader of the number should know, in sentences.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that ``json.dumps`` takes: arrays as lists, NaN as None."""
        return {
            spec.name: json_safe(getattr(self, spec.name))
            for spec in fields(self)
            if not spec.name.startswith("_")
        }

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        shown = [spec.name for spec in fields(self) if not spec.name.startswith("_")]
        shown = [name for name in shown if name not in {"settings", "warnings"}]
        width = max((len(name) for name in shown), default=0)
        lines += [f"  {name:<{width}}  {_brief(getattr(self, name))}" for name in shown]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


def json_safe(value: Any) -> Any:
    """Return ``value`` made of what JSON knows.

    >>> json_safe({1: float("nan"), "a": (1, 2.5)})
    {'1': None, 'a': [1, 2.5]}
    """
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return json_safe(value.tolist())
    if isinstance(value, np.generic):
        return json_safe(value.item())
    if isinstance(value, Mapping):
        return {_key(key): json_safe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(entry) for entry in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value)
    return str(value)


def _key(key: object) -> str:
    return str(key.item() if isinstance(key, np.generic) else key)


def _brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.size <= 12:
            return np.array2string(value, precision=4, separator=" ", max_line_width=200)
        return f"array of shape {value.shape}, {value.dtype}"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key!r}: {_brief(entry)}" for key, entry in list(value.items())[:6])
        return f"{{{inside}{', …' if len(value) > 6 else ''}}}"
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
