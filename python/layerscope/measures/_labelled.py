"""What measures of labels on neighbours share: from data and labels to arcs and codes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from layerscope._arrays import BFloat16Array, as_matrix, encode_labels
from layerscope._settings import given
from layerscope.errors import InvalidInputError
from layerscope.neighbours import Graph, Neighbors, as_graph

__all__ = ["Codes", "as_arcs_source", "class_values", "codes_for", "matrix_of"]

#: Codes of the labels and the classes that they count.
Codes: TypeAlias = tuple[npt.NDArray[np.uint32], tuple[Hashable, ...]]


def as_arcs_source(data: Any, **neighbour_settings: Any) -> Any:
    """Return a ``Neighbors``, a ``Graph``, or the matrix that ``data`` is.

    A graph already has its neighbours: settings of the search given beside it are refused.
    """
    if isinstance(data, Neighbors):
        return data
    if not _is_graph(data):
        return matrix_of(data)
    for argument, value in neighbour_settings.items():
        if given(value):
            raise InvalidInputError(argument, "must not be given beside a graph", value)
    return as_graph(data)


def _is_graph(data: Any) -> bool:
    if isinstance(data, Graph):
        return True
    roots = {kind.__module__.split(".")[0] for kind in type(data).__mro__}
    return "networkx" in roots or type(data).__module__.startswith("scipy.sparse")


def matrix_of(X: Any) -> npt.NDArray[Any] | BFloat16Array:
    """Return ``X`` as a matrix that takes row numbers and passes every check again for free."""
    matrix = as_matrix(X)
    return BFloat16Array(matrix) if matrix.dtype == np.uint16 else matrix


def codes_for(labels: Any, source: Any) -> Codes:
    """Return the codes of the labels, one per row or node of the source."""
    if isinstance(source, Neighbors):
        return encode_labels(labels, source.n_samples)
    if isinstance(source, Graph):
        return encode_labels(labels, source.n_nodes)
    return encode_labels(labels, source.shape[0])


def class_values(
    classes: tuple[Hashable, ...], values: npt.NDArray[np.float64]
) -> dict[Hashable, float]:
    """Return one number per class, by label."""
    return dict(zip(classes, values.tolist(), strict=True))
