"""What the command line prints and writes."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from layerscope.cli._errors import clean, in_options, say
from layerscope.errors import InvalidInputError
from layerscope.report import Report
from layerscope.report._warnings import fold_warnings

__all__ = ["DEFAULT_OUTPUT", "Targets", "check_targets", "deliver", "watching"]

DEFAULT_OUTPUT = "layerscope-report.html"
_MOST_WARNINGS = 20

#: Columns of the printed table: heading, column of the report's table, decimals.
_COLUMNS = (
    ("features", "n_features", 0),
    ("modularity", "modularity", 3),
    ("of bound", "ratio", 2),
    ("label agreement", "label_agreement", 3),
    ("dimension", "intrinsic_dimension", 1),
    ("NNTS to previous", "nnts_previous", 2),
    ("transient", "transient_share", 2),
    ("hubness", "hubness", 1),
)


class Targets:
    """Where the report goes: an HTML file or none, and a JSON file or stdout or neither."""

    def __init__(self, html: Path | None, json_path: Path | None, json_to_stdout: bool) -> None:
        self.html = html
        self.json_path = json_path
        self.json_to_stdout = json_to_stdout


def check_targets(output: str | None, json_target: str | None, inputs: Sequence[Path]) -> Targets:
    """Refuse places that cannot be written, before any work is done.

    JSON on stdout comes alone unless a file for the page was named.

    Raises
    ------
    InvalidInputError
        Naming the option.
    """
    html = None
    if output is not None or json_target != "-":
        html = _checked(DEFAULT_OUTPUT if output is None else output, "--output", inputs)
    json_path = None
    if json_target is not None and json_target != "-":
        json_path = _checked(json_target, "--json", [*inputs, *([html] if html else [])])
    return Targets(html, json_path, json_target == "-")


def _checked(text: str, option: str, inputs: Sequence[Path]) -> Path:
    if not text or "\0" in text:
        raise InvalidInputError(option, "must be the name of a file", repr(text))
    path = Path(text).expanduser().absolute()
    try:
        mode = path.stat().st_mode if path.exists() else None
    except OSError as error:
        raise InvalidInputError(
            option, "must be a usable path", f"{text} ({error.strerror})"
        ) from None
    if mode is not None and not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
        raise InvalidInputError(option, "must be the name of a file", f"{text}, which is {kind}")
    if not path.parent.is_dir():
        raise InvalidInputError(option, "must lie in a folder that exists", text)
    if not os.access(path.parent, os.W_OK):
        raise InvalidInputError(option, "must lie in a folder that can be written", text)
    if any(path == other.absolute() or _same(path, other) for other in inputs):
        raise InvalidInputError(option, "must not be a file that the command uses already", text)
    return path


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


@contextmanager
def watching() -> Iterator[Any]:
    """Give a progress callable that draws on stderr when that is a terminal, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=clean(what)[:50])

        yield show


def deliver(
    report: Report, targets: Targets, *, picture: str | None = None, notes: Sequence[str] = ()
) -> None:
    """Write the files, then print the table and the advice, or the JSON alone."""
    warnings = [*notes, *fold_warnings(report.warnings, report.layers, report.steps)]
    for warning in warnings[:_MOST_WARNINGS]:
        say(f"warning: {in_options(warning)}")
    if len(warnings) > _MOST_WARNINGS:
        say(f"warning: {len(warnings) - _MOST_WARNINGS} more warnings are in the report")
    if targets.html is not None:
        with _as_option("--output", targets.html):
            report.to_html(targets.html)
    if targets.json_path is not None:
        with _as_option("--json", targets.json_path):
            report.to_json(targets.json_path)
    if targets.json_to_stdout:
        click.echo(json.dumps(report.to_dict(), allow_nan=False))
        if targets.html is not None:
            say(f"report: {targets.html}")
        return
    _print_headline(report)
    _print_rows(*_rows(report))
    sentences = [] if picture is None else [picture]
    sentences += report.advice
    if sentences:
        click.echo()
    for sentence in sentences:
        click.echo(clean(sentence))
    click.echo(f"\nReport: {clean(str(targets.html))}")
    if targets.json_path is not None:
        click.echo(f"JSON: {clean(str(targets.json_path))}")


@contextmanager
def _as_option(option: str, path: Path) -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        if error.argument != "path":
            raise
        raise InvalidInputError(option, error.rule, path) from None


def _print_headline(report: Report) -> None:
    settings = report.settings
    parts = [f"{settings['n_samples']} samples", f"{len(report.layers)} layers"]
    if settings["n_classes"] is not None:
        count = settings["n_classes"]
        parts.append("1 class" if count == 1 else f"{count} classes")
    parts.append(f"{settings['n_neighbors']} neighbours by {settings['metric']}")
    if settings["preset"] is not None:
        parts.append(f"preset {settings['preset']}")
    if report.steps is not None:
        parts.append(f"{len(report.steps)} checkpoints, the last shown: {report.steps[-1]}")
    click.echo(clean(", ".join(parts)) + "\n")


def _rows(report: Report) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells, one row per layer of the (last) stack."""
    rows = list(report.table.rows())
    latest = rows[-len(report.layers) :]
    earliest = rows[: len(report.layers)]
    headings = ["layer"]
    cells = [[clean(str(row["layer"]))] for row in latest]
    for heading, column, decimals in _COLUMNS:
        if column not in report.table:
            continue
        headings.append(heading)
        for line, row in zip(cells, latest, strict=True):
            line.append(_cell(row[column], decimals))
        if column == "modularity":
            headings.append("95 % interval")
            for line, row in zip(cells, latest, strict=True):
                line.append(_span(row["modularity_low"], row["modularity_high"]))
            if report.steps is not None and len(report.steps) > 1:
                headings.append(f"modularity at {clean(str(report.steps[0]))}")
                for line, row in zip(cells, earliest, strict=True):
                    line.append(_cell(row[column], decimals))
    return headings, cells


def _cell(value: Any, decimals: int) -> str:
    missing = value is None or not math.isfinite(value)
    return "–" if missing else f"{value:.{decimals}f}".replace("-", "−")


def _span(low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{_cell(low, 3)} to {_cell(high, 3)}"


def _print_rows(headings: list[str], cells: list[list[str]]) -> None:
    """Draw a table on a terminal, columns of stable width elsewhere."""
    if sys.stdout.isatty():
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(headings):
            table.add_column(Text(heading), justify="right" if place else "left")
        for line in cells:
            table.add_row(*(Text(cell) for cell in line))
        Console().print(table)
        return
    from rich.cells import cell_len

    lines = [headings, *cells]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(headings))]
    for line in lines:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
        numbers = [gap + cell for cell, gap in zip(line[1:], gaps[1:], strict=True)]
        click.echo("  ".join([line[0] + gaps[0], *numbers]))
