"""What graphs are made from, checked: ends and weights of edges, matrices, graphs of others."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import why_no_array
from layerscope.errors import InvalidInputError, InvalidTypeError, MissingExtraError

__all__ = [
    "check_directed",
    "check_ends",
    "edge_array",
    "edge_weight",
    "is_networkx",
    "is_sparse",
    "missing_package",
    "refuse_asymmetry",
    "weight_array",
]


def check_directed(directed: object) -> bool:
    """Return whether edges have a direction."""
    if not isinstance(directed, bool | np.bool_):
        raise InvalidTypeError("directed", "must be True or False", repr(directed))
    return bool(directed)


def edge_array(edges: Any) -> npt.NDArray[Any]:
    """Return the ends of edges, shape (m, 2), as integers of any width."""
    rule = "must have shape (m, 2), the two ends of each edge"
    if isinstance(edges, dict | str | bytes) or edges is None:
        raise InvalidTypeError("edges", rule, type(edges).__name__)
    try:
        array = np.asarray(edges if hasattr(edges, "__array__") else list(edges))
    except (TypeError, ValueError) as error:
        raise InvalidInputError("edges", rule, why_no_array(error)) from None
    if array.size == 0 and array.shape in {(0,), (0, 2)}:
        return np.empty((0, 2), np.int64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidInputError("edges", rule, f"shape {array.shape}")
    if array.dtype.kind not in "iu":
        rule = "must hold integers, the numbers of the nodes"
        raise InvalidTypeError("edges", rule, f"dtype {array.dtype}")
    return array


def check_ends(ends: npt.NDArray[Any], n_nodes: int) -> None:
    """Refuse ends that are no node."""
    for wrong, rule in (
        (ends < 0, "must hold node numbers of at least 0"),
        (ends >= n_nodes, f"must join nodes below n_nodes ({n_nodes})"),
    ):
        if wrong.any():
            edge, side = np.argwhere(wrong)[0]
            raise InvalidInputError("edges", rule, f"node {ends[edge, side]} in edge {edge}")


def weight_array(weights: Any, n_edges: int) -> npt.NDArray[np.float64]:
    """Return one weight per edge."""
    rule = "must be real numbers, one per edge"
    try:
        array = np.asarray(weights)
    except ValueError as error:
        raise InvalidInputError("weights", rule, why_no_array(error)) from None
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError("weights", rule, f"dtype {array.dtype}")
    if array.shape != (n_edges,):
        rule = f"must have one entry per edge ({n_edges})"
        raise InvalidInputError("weights", rule, f"shape {array.shape}")
    return np.ascontiguousarray(array, np.float64)


def edge_weight(attributes: Mapping[str, Any], weight: str, ends: tuple[Any, Any]) -> float:
    """Return the weight of a networkx edge, 1 where it has none."""
    value = attributes.get(weight, 1)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        rule = f"must be a finite number in edge attribute {weight!r}"
        raise InvalidInputError("weight", rule, f"{value!r} on edge {ends}")
    return number


def refuse_asymmetry(matrix: Any) -> None:
    """Raise when two opposite entries differ, naming the first pair."""
    matrix = matrix.astype(np.float64)
    difference = (matrix - matrix.T).tocoo()
    unequal = np.flatnonzero(difference.data)
    if unequal.size:
        row, column = (int(side[unequal[0]]) for side in difference.coords)
        entries = matrix.tocsr()
        found = f"{entries[row, column]} at ({row}, {column})"
        found += f" and {entries[column, row]} at ({column}, {row})"
        rule = "must be symmetric for an undirected graph: pass (matrix + matrix.T) / 2"
        raise InvalidInputError("matrix", f"{rule}, or directed=True", found)


def is_sparse(value: object) -> bool:
    """Tell whether a value is of scipy's, which then was imported already."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(value))


def is_networkx(value: object) -> bool:
    """Tell whether a value is a graph of networkx, which then was imported already."""
    networkx = sys.modules.get("networkx")
    return networkx is not None and isinstance(value, networkx.Graph)


def missing_package(package: str) -> MissingExtraError:
    """Return the error for a package that is not installed."""
    return MissingExtraError(package, f"must be installed: pip install {package}", "no such module")
