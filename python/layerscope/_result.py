"""What every result has in common: frozen, printable, convertible, with settings and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from layerscope._json import json_safe
from layerscope._table import Table

__all__ = ["Result", "StackResult"]


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

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Unpickled arrays come back writeable.
        self.__dict__.update(state)
        self.__post_init__()

    def __float__(self) -> float:
        value = getattr(self, "value", None)
        if not isinstance(value, float | int):
            raise TypeError(f"{type(self).__name__} has no single main number")
        return float(value)

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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StackResult(Result):
    """Base of results over a stack of layers: arrays with one entry per layer.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, in order.
    """

    layers: tuple[str, ...]

    # Cached, not a plain property, so that a subclass can have a field of this name.
    @cached_property
    def table(self) -> Table:
        """One row per layer: every field that holds one number per layer."""
        columns: dict[str, Any] = {"layer": self.layers}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if isinstance(value, np.ndarray) and value.shape == (len(self.layers),):
                columns[spec.name] = value.tolist()
        return Table(columns)

    def to_pandas(self) -> Any:
        """Return :attr:`table` as a pandas DataFrame (extra ``pandas``)."""
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """Return :attr:`table` as a polars DataFrame (extra ``polars``)."""
        return self.table.to_polars()


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
