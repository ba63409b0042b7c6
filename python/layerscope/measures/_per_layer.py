"""Small results, one per layer, as one result over the stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._result import Result, StackResult
from layerscope._table import Table
from layerscope.errors import InvalidInputError

__all__ = ["PerLayer", "layer_index", "layer_warnings", "per_layer"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PerLayer(StackResult):
    """One measure over the layers of a stack.

    Attributes
    ----------
    measure : str
        Name of the measure.
    value : ndarray of float64, shape (L,)
        The main number of each layer.
    results : tuple of Result
        The result of each layer; ``stack_result[name]`` is one of them.
    """

    measure: str
    value: npt.NDArray[np.float64]
    results: tuple[Result, ...]

    def __getitem__(self, layer: str) -> Result:
        return self.results[layer_index(self.layers, layer)]

    @property
    def table(self) -> Table:
        """One row per layer: every field of the results that holds one number."""
        columns: dict[str, Any] = {"layer": self.layers}
        for spec in fields(self.results[0]):
            column = [getattr(result, spec.name) for result in self.results]
            if all(isinstance(entry, int | float) for entry in column):
                columns[spec.name] = column
        return Table(columns)

    def plot(self, ax: Any = None) -> Any:
        """Draw the value of every layer.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.per_layer(self, ax)


def per_layer(measure: str, results: Mapping[str, Result]) -> PerLayer:
    """Put the results of a measure together.

    Parameters
    ----------
    measure : str
        Name of the measure.
    results : mapping of str to Result
        One per layer in order, at least one, each with a ``value``.

    Returns
    -------
    PerLayer
        With the settings of the first result and every warning under its layer's name.
    """
    return PerLayer(
        layers=tuple(results),
        measure=measure,
        value=np.array([float(result) for result in results.values()]),
        results=tuple(results.values()),
        settings=dict(next(iter(results.values())).settings),
        warnings=layer_warnings(results),
    )


def layer_warnings(results: Mapping[str, Result]) -> tuple[str, ...]:
    """Return the warnings of all layers, each opened by the layer's name."""
    return tuple(
        f"layer {name!r}: {sentence}"
        for name, result in results.items()
        for sentence in result.warnings
    )


def layer_index(layers: tuple[str, ...], layer: str, argument: str = "layer") -> int:
    """Return the place of a layer in the stack."""
    if layer not in layers:
        rule = f"must be one of the layers ({', '.join(map(repr, layers[:20]))})"
        raise InvalidInputError(argument, rule, repr(layer))
    return layers.index(layer)
