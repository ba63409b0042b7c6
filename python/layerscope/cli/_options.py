"""Options of the command line: their types say argument, rule and value when they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from layerscope._settings import check_memory
from layerscope.errors import InvalidInputError

__all__ = ["Choice", "Memory", "Names", "Whole"]

if TYPE_CHECKING:
    _Kind = click.ParamType[Any]
else:  # generic only in newer versions of click
    _Kind = click.ParamType


class Whole(_Kind):
    """An integer of at least ``low``."""

    name = "integer"

    def __init__(self, low: int) -> None:
        self.low = low

    def convert(self, value: Any, param: click.Parameter | None, _ctx: Any) -> int:
        """Return the integer."""
        rule = f"must be an integer of at least {self.low}"
        try:
            number = int(value)
        except ValueError:
            raise InvalidInputError(_option(param), rule, repr(value)) from None
        if number < self.low:
            raise InvalidInputError(_option(param), rule, number)
        return number


class Choice(_Kind):
    """One of a few words."""

    name = "choice"

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def convert(self, value: Any, param: click.Parameter | None, _ctx: Any) -> str:
        """Return the word as we write it; its case does not matter."""
        for choice in self.choices:
            if str(value).lower() == choice.lower():
                return choice
        rule = f"must be one of {', '.join(self.choices)}"
        raise InvalidInputError(_option(param), rule, repr(value))


class Names(_Kind):
    """Names divided by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, _ctx: Any) -> tuple[str, ...]:
        """Return the names."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if not all(names):
            rule = "must be names divided by commas"
            raise InvalidInputError(_option(param), rule, repr(value))
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InvalidInputError(_option(param), "must name nothing twice", repr(twice[0]))
        return names


class Memory(_Kind):
    """Bytes, or a size such as 2GB."""

    name = "size"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: Any) -> int:
        """Return the number of bytes."""
        limit = check_memory(value)
        assert limit is not None
        return limit


def _option(param: click.Parameter | None) -> str:
    return max(param.opts, key=len) if param is not None else "value"
