"""A report: every measure of every layer, with what follows from it, as table, file and picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope._result import Result, StackResult
from layerscope._table import Table
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.report._warnings import fold_warnings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Report(StackResult):
    """What :func:`layerscope.analyze` and :func:`layerscope.analyze_run` return.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers, in order.
    table : Table
        One row per layer; for a run one per checkpoint and layer, with a ``step`` column.
    results : dict
        Measure -> result over the stack; for a run measure -> step -> result.
    steps : tuple or None
        The checkpoints in order, None for a single stack.
    advice : tuple of str
        Sentences that a person can act on.
    settings : dict
        Everything needed to repeat the call.
    warnings : tuple of str
        What a reader of the numbers should know, in sentences.

    Examples
    --------
    >>> from layerscope import Report
    >>> from layerscope._table import Table
    >>> table = Table({"layer": ["conv", "fc"], "hubness": [0.5, 1.5]})
    >>> report = Report(layers=("conv", "fc"), table=table, settings={"function": "analyze"})
    >>> print(report)
    Report on 2 layers
    layer  hubness
     conv      0.5
       fc      1.5
    """

    table: Table = field()
    results: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Any, ...] | None = None
    advice: tuple[str, ...] = ()

    def add(self, name: str, result: Result | Mapping[Any, Result]) -> Report:
        """Return a report with one more result.

        Parameters
        ----------
        name : str
            Under which it stands in ``results`` and in the table's columns.
        result : Result, or mapping of step to Result
            A result over this report's layers, or over some of them; its numbers per layer become
            columns of the table, ``name`` for the main one and ``name_field`` for the others. A
            result with one number stands in ``results`` alone. A report on a run takes one result
            per checkpoint.

        Returns
        -------
        Report
            A new one; this one stays as it is.

        Raises
        ------
        InvalidInputError
            If the name is taken, or the layers or steps are not the report's.
        InvalidTypeError
            If ``name`` is no string or ``result`` no result.

        Notes
        -----
        O(rows x columns added).

        Examples
        --------
        >>> from layerscope import Report
        >>> from layerscope._table import Table
        >>> from layerscope._result import Result
        >>> report = Report(layers=("fc",), table=Table({"layer": ["fc"]}))
        >>> list(report.add("basins", Result()).results)
        ['basins']
        """
        if not isinstance(name, str):
            raise InvalidTypeError("name", "must be a string", type(name).__name__)
        if not name or name in self.results or name in self.table:
            rule = "must be a name that the report does not have yet"
            raise InvalidInputError("name", rule, repr(name))
        by_step = self._by_step(result)
        added: dict[str, list[Any]] = {}
        for step, one in by_step.items():
            for column, values in _numbers(name, one, self.layers).items():
                if column in self.table:
                    rule = f"must not lead to a column that the table has ({column})"
                    raise InvalidInputError("name", rule, repr(name))
                entries = dict(zip(self.layers, values, strict=True))
                target = added.setdefault(column, [None] * len(self.table))
                for row, layer in enumerate(self.table["layer"]):
                    if self.steps is None or self.table["step"][row] == step:
                        target[row] = entries.get(layer)
        columns = {column: self.table[column] for column in self.table.columns}
        fresh = [f"{name}: {text}" for one in by_step.values() for text in one.warnings]
        return replace(
            self,
            table=Table({**columns, **added}),
            results={**self.results, name: result if self.steps is None else by_step},
            warnings=tuple(dict.fromkeys([*self.warnings, *fresh])),
        )

    def _by_step(self, result: Any) -> dict[Any, Result]:
        """Return step -> result, with the one step None for a single stack, all checked."""
        if self.steps is None:
            by_step = {None: result}
        elif not isinstance(result, Mapping):
            rule = "must map each step to a result, as this report has checkpoints"
            raise InvalidTypeError("result", rule, type(result).__name__)
        elif set(result) != set(self.steps):
            rule = f"must have the steps {list(self.steps)}"
            raise InvalidInputError("result", rule, list(result))
        else:
            by_step = {step: result[step] for step in self.steps}
        for one in by_step.values():
            if not isinstance(one, Result):
                rule = "must be a result of layerscope"
                raise InvalidTypeError("result", rule, type(one).__name__)
            unknown = [layer for layer in getattr(one, "layers", ()) if layer not in self.layers]
            if unknown:
                raise InvalidInputError("result", "must be on layers of this report", unknown[0])
        return by_step

    def to_dict(self) -> dict[str, Any]:
        """Return everything as a dictionary that ``json.dumps`` takes."""
        return {"kind": "layerscope report", **super().to_dict()}

    def to_json(self, path: Any) -> Path:
        """Write everything as JSON, NaN as null.

        Parameters
        ----------
        path : str or path-like
            The file; it appears whole or not at all.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        InvalidInputError
            If the file cannot be written.
        """
        from layerscope.report._output import write_text

        text = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
        return write_text(path, text + "\n")

    def to_html(self, path: Any, *, title: str | None = None) -> Path:
        """Write the report as one HTML file that needs nothing else, no network, no scripts.

        Parameters
        ----------
        path : str or path-like
            The file; it appears whole or not at all.
        title : str, optional
            The heading; by default it says how many layers there are.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        InvalidInputError
            If the file cannot be written.
        MissingExtraError
            If jinja2 or matplotlib is not installed.
        """
        from layerscope.report._html import render
        from layerscope.report._output import write_text

        return write_text(path, render(self, title=title))

    def plot(self) -> Figure:
        """Return one matplotlib figure with a panel per measure, and maps for a run.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        from layerscope import plot

        return plot.report(self)

    def __repr__(self) -> str:
        checkpoints = "" if self.steps is None else f" at {len(self.steps)} checkpoints"
        count = len(self.layers)
        lines = [f"Report on {count} layer{'' if count == 1 else 's'}{checkpoints}"]
        lines.append(repr(self.table))
        lines += [f"advice: {sentence}" for sentence in self.advice]
        folded = fold_warnings(self.warnings, self.layers, self.steps)
        lines += [f"warning: {warning}" for warning in folded]
        return "\n".join(lines)


def _numbers(name: str, result: Result, layers: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the columns that a result over layers adds: one number per layer of the report."""
    if not isinstance(result, StackResult):
        return {}
    columns = {}
    for column in result.table.columns:
        if column == "layer":
            continue
        known = dict(zip(result.layers, result.table[column], strict=True))
        label = name if column == "value" else f"{name}_{column}"
        columns[label] = [known.get(layer) for layer in layers]
    return columns
