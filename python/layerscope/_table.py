"""A small frozen table: one row per layer (and step), columns in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from layerscope._json import json_safe
from layerscope.errors import MissingExtraError

__all__ = ["Table"]


class Table:
    """Columns of equal length, by name.

    Parameters
    ----------
    columns : mapping of str to sequence
        The columns in order.
    """

    __slots__ = ("_columns",)

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns: dict[str, tuple[Any, ...]] = {
            name: tuple(column) for name, column in columns.items()
        }
        assert len({len(column) for column in self._columns.values()}) <= 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def __getitem__(self, column: str) -> tuple[Any, ...]:
        return self._columns[column]

    def __contains__(self, column: object) -> bool:
        return column in self._columns

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one dictionary per row."""
        for entries in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, entries, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the columns as lists that JSON takes."""
        return {name: json_safe(column) for name, column in self._columns.items()}

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame (extra ``pandas``)."""
        try:
            import pandas as pd
        except ImportError:
            rule = "must be installed: pip install pandas"
            raise MissingExtraError("pandas", rule, "no such module") from None
        return pd.DataFrame({name: list(column) for name, column in self._columns.items()})

    def to_polars(self) -> Any:
        """Return a polars DataFrame (extra ``polars``)."""
        try:
            import polars as pl
        except ImportError:
            rule = "must be installed: pip install polars"
            raise MissingExtraError("polars", rule, "no such module") from None
        return pl.DataFrame({name: list(column) for name, column in self._columns.items()})

    def __repr__(self) -> str:
        shown = [
            [name, *(_cell(entry) for entry in column)] for name, column in self._columns.items()
        ]
        widths = [max(map(len, cells)) for cells in shown]
        lines = []
        for entries in zip(*shown, strict=True):
            cells = [entry.rjust(width) for entry, width in zip(entries, widths, strict=True)]
            lines.append("  ".join(cells))
        return "\n".join(lines)


def _cell(entry: Any) -> str:
    return f"{entry:.4g}" if isinstance(entry, float) else str(entry)
