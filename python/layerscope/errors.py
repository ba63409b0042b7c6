"""What layerscope raises. Every error carries the argument, the rule and the value.

>>> from layerscope.errors import InvalidInputError
>>> error = InvalidInputError("n_neighbors", "must be at least 1", 0)
>>> print(error)
n_neighbors must be at least 1; got 0
>>> error.argument, error.rule, error.value
('n_neighbors', 'must be at least 1', 0)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = [
    "InvalidInputError",
    "InvalidTypeError",
    "LayerscopeError",
    "MemoryLimitError",
    "MissingExtraError",
]

_LONGEST_VALUE = 200


class LayerscopeError(Exception):
    """Base of everything that layerscope raises on purpose.

    Parameters
    ----------
    argument : str
        Name of the argument that broke a rule, as the caller wrote it.
    rule : str
        The rule, as a phrase that follows the name.
    value : object
        The offending value, or a short description of it.
    layer : str, optional
        The layer concerned; it opens the message.
    """

    def __init__(self, argument: str, rule: str, value: Any, *, layer: str | None = None) -> None:
        super().__init__(argument, rule, value)
        self.argument = argument
        self.rule = rule
        self.value = value
        self.layer = layer

    def __str__(self) -> str:
        """Make one sentence of the layer, the argument, the rule and the value."""
        shown = str(self.value)
        if len(shown) > _LONGEST_VALUE:
            shown = shown[:_LONGEST_VALUE] + "…"
        place = "" if self.layer is None else f"layer {self.layer!r}: "
        return " ".join(f"{place}{self.argument} {self.rule}; got {shown}".split())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.argument, self.rule, self.value, self.layer)


class InvalidInputError(LayerscopeError, ValueError):
    """An argument has the right kind but breaks a rule."""


class InvalidTypeError(LayerscopeError, TypeError):
    """An argument is of a kind that cannot be used."""


class MemoryLimitError(LayerscopeError, MemoryError):
    """The work does not fit under ``memory_limit``."""


class MissingExtraError(LayerscopeError, ImportError):
    """An optional dependency is not installed; the rule says how to get it."""


def _rebuild(
    kind: type[LayerscopeError], argument: str, rule: str, value: Any, layer: str | None
) -> LayerscopeError:
    return kind(argument, rule, value, layer=layer)


@contextmanager
def in_layer(name: str) -> Iterator[None]:
    """Put the layer's name into every error of ours that passes through.

    Parameters
    ----------
    name : str
        The layer that is being worked on.
    """
    try:
        yield
    except LayerscopeError as error:
        if error.layer is None:
            error.layer = name
        raise
