"""Keyword arguments that every function shares: their defaults, their checks, their record.

A default is an object of its own type (``Default*``), so that a preset can tell a parameter that
was left alone from one that was given with the same value.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

from layerscope.errors import InvalidInputError, InvalidTypeError

Progress: TypeAlias = Literal[True] | Callable[[int, int, str], object] | None
MemoryLimit: TypeAlias = int | str | None


class DefaultInt(int):
    """An integer default."""


class DefaultFloat(float):
    """A float default."""


class DefaultStr(str):
    """A string default."""

    __slots__ = ()


def given(value: object) -> bool:
    """Tell whether a parameter was passed by the caller rather than left at its default."""
    return not isinstance(value, DefaultInt | DefaultFloat | DefaultStr)


N_NEIGHBORS = DefaultInt(15)
METRIC = DefaultStr("euclidean")
WEIGHT = DefaultStr("auto")

METRICS = ("euclidean", "cosine", "pearson", "inner_product")

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def check_int(
    argument: str, value: object, *, low: int, high: int | None = None, high_means: str = ""
) -> int:
    """Return ``value`` as an int between ``low`` and ``high``, both included.

    Raises
    ------
    InvalidTypeError
        If it is not an integer (a bool is none).
    InvalidInputError
        If it lies outside.
    """
    rule = f"must be an integer of at least {low}"
    if isinstance(value, bool):
        raise InvalidTypeError(argument, rule, value)
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InvalidTypeError(argument, rule, _show(value)) from None
    if number < low:
        raise InvalidInputError(argument, rule, number)
    if high is None:
        high, high_means = 2**63 - 1, "a 64-bit integer"
    if number > high:
        because = f" ({high_means})" if high_means else ""
        raise InvalidInputError(argument, f"must be at most {high}{because}", number)
    return number


def check_float(argument: str, value: object, *, low: float = -math.inf) -> float:
    """Return ``value`` as a finite float of at least ``low``."""
    rule = "must be a finite number" + ("" if low == -math.inf else f" of at least {low:g}")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InvalidTypeError(argument, rule, _show(value)) from None
    if not math.isfinite(number) or number < low:
        raise InvalidInputError(argument, rule, number)
    return number


def check_choice(argument: str, value: object, choices: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``choices``; the error lists them."""
    known = tuple(choices)
    listed = ", ".join(repr(choice) for choice in known)
    if not isinstance(value, str):
        raise InvalidTypeError(argument, f"must be one of {listed}", _show(value))
    if value not in known:
        raise InvalidInputError(argument, f"must be one of {listed}", repr(value))
    return str(value)


def check_seed(random_state: object) -> int:
    """Return the seed: an integer from 0 to 2**63 - 1."""
    return check_int("random_state", random_state, low=0, high=2**63 - 1)


def check_jobs(n_jobs: object) -> int | None:
    """Return the number of threads, None for all cores."""
    return None if n_jobs is None else check_int("n_jobs", n_jobs, low=1, high=1024)


def check_memory(memory_limit: object) -> int | None:
    """Return a memory limit in bytes from ``None``, bytes, or a string such as ``"2GB"``.

    >>> check_memory("2GB"), check_memory("1.5 MiB")
    (2000000000, 1572864)
    """
    if memory_limit is None:
        return None
    if isinstance(memory_limit, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", memory_limit)
        unit = _UNITS.get(match[2].upper()) if match else None
        if match is None or unit is None:
            rule = 'must be bytes or a string such as "500MB" or "2GiB"'
            raise InvalidInputError("memory_limit", rule, repr(memory_limit))
        memory_limit = int(float(match[1]) * unit)
    return check_int("memory_limit", memory_limit, low=1)


def progress_for(progress: object, what: str) -> Callable[[int, int], object] | None:
    """Return the callable of (done, total) that the extension calls about 20 times a second."""
    if progress is None or progress is False:
        return None
    if progress is True:
        return lambda done, total: _print_progress(done, total, what)
    if not callable(progress):
        rule = "must be None, True or a callable (done, total, what)"
        raise InvalidTypeError("progress", rule, _show(progress))
    return lambda done, total: progress(done, total, what)


def _print_progress(done: int, total: int, what: str) -> None:
    import sys

    share = f"{done / total:4.0%}" if total else "   …"
    sys.stderr.write(f"\r{what}: {share}")
    if total and done >= total:
        sys.stderr.write("\n")
    sys.stderr.flush()


def _show(value: object) -> str:
    text = repr(value)
    return f"{text[:60]}{'…' if len(text) > 60 else ''} ({type(value).__name__})"


def record(function: str, **settings: Any) -> dict[str, Any]:
    """Return what is needed to repeat a call: the function, the version and its settings."""
    from layerscope._version import __version__

    plain = {key: _plain(value) for key, value in settings.items()}
    return {"function": function, "version": __version__, **plain}


def _plain(value: Any) -> Any:
    for default, base in ((DefaultInt, int), (DefaultFloat, float), (DefaultStr, str)):
        if isinstance(value, default):
            return base(value)
    return value
