"""Labels read from a file."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from layerscope._arrays import check_entries
from layerscope.activations._files import check_path, regular_file
from layerscope.activations._npy import map_npy
from layerscope.errors import InvalidInputError

__all__ = ["load_labels"]

_COLUMN_NAMES = ("label", "labels")
_HEADERS = (*_COLUMN_NAMES, "class", "classes", "target", "targets", "y")
_INTEGER = re.compile("-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[+-]?[0-9]+\.[0-9]*(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_LARGEST_FILE = 1 << 30


def load_labels(path: str | os.PathLike[str]) -> list[Hashable]:
    r"""Read one label per sample from a ``.npy``, ``.csv`` or ``.txt`` file.

    Parameters
    ----------
    path : str or path
        ``.npy``: an array with one axis. ``.txt``: one label a line. ``.csv``: one column, or
        several of which one is named ``label`` or ``labels``. A first line that says ``label``,
        ``labels``, ``class``, ``target`` or ``y`` is a header and no label. Texts become integers
        if all of them are whole numbers (``3``, or ``3.0`` as spreadsheets write them); ``07``
        stays a text. Empty lines at the end are ignored.

    Returns
    -------
    list
        The labels in the order of the file.

    Raises
    ------
    InvalidInputError
        For a missing or unreadable file, another suffix, pickled objects, several columns of which
        none is named, an empty or missing label, or no label at all.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from layerscope.activations import load_labels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels.csv"
    ...     _ = path.write_text("id,label\na,3\nb,10\n")
    ...     load_labels(path)
    [3, 10]
    """
    file = check_path(path, "labels")
    size = regular_file(file, "labels")
    suffix = file.suffix.lower()
    if suffix == ".npy":
        entries = check_entries(_check_kind(map_npy(file, "labels"), file))
    elif suffix in (".csv", ".txt"):
        if size > _LARGEST_FILE:
            raise InvalidInputError(
                "labels", f"must be at most {_LARGEST_FILE} bytes long", str(file)
            )
        texts = _read_csv(file) if suffix == ".csv" else _read_lines(file)
        entries = _typed([_present(text, row, file) for row, text in enumerate(texts)])
    else:
        raise InvalidInputError("labels", "must be a .npy, .csv or .txt file", str(file))
    if not entries:
        raise InvalidInputError("labels", "must have at least one entry", str(file))
    return entries


def _check_kind(array: Any, file: Path) -> Any:
    if array.dtype.kind not in "iubfUS":
        rule = "must hold numbers or strings"
        raise InvalidInputError("labels", rule, f"{file}: dtype {array.dtype}")
    return array


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError("labels", "must be a text file in UTF-8", str(file)) from None
    except OSError as error:
        raise InvalidInputError("labels", "must be readable", f"{file}: {error.strerror}") from None
    return text.rstrip().splitlines()


def _read_lines(file: Path) -> list[str]:
    lines = [line.strip() for line in _lines(file)]
    return lines[1:] if lines and lines[0].lower() in _HEADERS else lines


def _read_csv(file: Path) -> Iterator[str]:
    lines = _lines(file)
    first = lines[0] if lines else ""
    delimiter = next((sign for sign in ",;\t" if sign in first), ",")
    try:
        table = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise InvalidInputError("labels", "must be a CSV file", f"{file}: {error}") from None
    column = _column(table, file)
    if table and table[0] and table[0][column].lower() in _HEADERS:
        table = table[1:]
    for row in table:
        yield row[column] if column < len(row) else ""


def _column(table: list[list[str]], file: Path) -> int:
    width = max(map(len, table), default=0)
    if width <= 1:
        return 0
    named = [place for place, cell in enumerate(table[0]) if cell.lower() in _COLUMN_NAMES]
    if len(named) != 1:
        rule = "must have one column, or one that is named label or labels"
        raise InvalidInputError("labels", rule, f"{file}: columns {', '.join(table[0])}")
    return named[0]


def _present(text: str, row: int, file: Path) -> str:
    if not text or text.lower() == "nan":
        raise InvalidInputError("labels", "must not be missing", f"{text!r} at row {row} of {file}")
    return text


def _typed(texts: list[str]) -> list[Hashable]:
    if all(_INTEGER.fullmatch(text) for text in texts):
        return [int(text) for text in texts]
    if all(_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text) for text in texts):
        numbers = [float(text) for text in texts]
        if all(
            math.isfinite(number) and number.is_integer() and abs(number) < 2**53
            for number in numbers
        ):
            return [int(number) for number in numbers]
    return list(texts)
