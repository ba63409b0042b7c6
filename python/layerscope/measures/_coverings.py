"""Box coverings: the checked call of the extension that several measures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import (
    check_choice,
    check_float,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._undirected import undirected
from layerscope.neighbours import Graph

__all__ = ["METHODS", "BoxCounts", "Cover", "check_cover", "check_sizes", "count", "cover"]

METHODS = ("greedy", "cbb", "memb", "obca", "sketch", "random")
_BY_RADIUS = {"memb", "sketch", "random"}
_COMPONENTS = ("all", "largest")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BoxCounts(Result):
    """Numbers of boxes at many sizes.

    Attributes
    ----------
    sizes : ndarray, shape (S,)
        Rising; whole numbers of steps (int64), or lengths (float64) of a weighted graph.
    counts : ndarray of int64, shape (S,)
        The fewest boxes that any repeat needed.
    all_counts : ndarray of int64, shape (n_repeats, S)
        Those of every repeat.
    size_kind : str
        ``"l_B"``: nodes of a box are pairwise nearer than the size; ``"r_B"``: nodes of a box lie
        within the size of its centre, and l_B = 2 r_B + 1 is the size to compare with.
    diameter : int, float or None
        The largest finite distance; None where it was not needed and would have been dear.
    method, components : str
        How the boxes were found, and whether ``"all"`` components were covered or the
        ``"largest"`` alone.
    n_nodes, n_components : int
        What was covered.
    """

    sizes: npt.NDArray[Any]
    counts: npt.NDArray[np.int64]
    all_counts: npt.NDArray[np.int64]
    size_kind: str
    diameter: int | float | None
    method: str
    components: str
    n_nodes: int
    n_components: int

    def plot(self, ax: Any = None) -> Any:
        """Draw the counts against the sizes, both in logarithms.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.box_counts(self, ax)


@dataclass(frozen=True)
class Cover:
    """Checked parameters of a covering."""

    graph: Graph
    method: str
    n_repeats: int
    components: str
    weighted: bool
    random_state: int
    memory_limit: int | None
    n_jobs: int | None
    progress: Any

    def settings(self, function: str, **more: Any) -> dict[str, Any]:
        """Return the record of a call."""
        return record(
            function,
            method=self.method,
            n_repeats=self.n_repeats,
            components=self.components,
            weighted=self.weighted,
            random_state=self.random_state,
            **more,
        )


def check_cover(
    graph: Any,
    *,
    method: Any = "greedy",
    n_repeats: Any = 1,
    components: Any = "all",
    weighted: Any = False,
    random_state: Any = 0,
    memory_limit: Any = None,
    n_jobs: Any = None,
    progress: Any = None,
) -> Cover:
    """Check every parameter of a covering."""
    if not isinstance(weighted, bool | np.bool_):
        raise InvalidTypeError("weighted", "must be True or False", repr(weighted))
    progress_for(progress, "box counts")
    return Cover(
        graph=undirected(graph),
        method=check_choice("method", method, METHODS),
        n_repeats=check_int("n_repeats", n_repeats, low=1, high=10**6),
        components=check_choice("components", components, _COMPONENTS),
        weighted=bool(weighted),
        random_state=check_seed(random_state),
        memory_limit=check_memory(memory_limit),
        n_jobs=check_jobs(n_jobs),
        progress=progress,
    )


def check_sizes(
    sizes: Any, *, weighted: bool, argument: str = "sizes"
) -> npt.NDArray[np.float64] | None:
    """Return sizes as rising floats, each once: whole ones from 1 on, or positive lengths."""
    if sizes is None:
        return None
    listed = [sizes] if np.ndim(sizes) == 0 else list(np.asarray(sizes).ravel().tolist())
    if not listed:
        raise InvalidInputError(argument, "must hold at least one size", "none")
    found = []
    for place, size in enumerate(listed):
        try:
            found.append(_length(argument, size) if weighted else _steps(argument, size))
        except (InvalidInputError, InvalidTypeError) as wrong:
            if len(listed) == 1:
                raise
            where = f"{wrong.value} at position {place}"
            raise type(wrong)(argument, wrong.rule, where) from None
    return np.unique(np.asarray(found, np.float64))


def _length(argument: str, size: Any) -> float:
    length = check_float(argument, size)
    if length <= 0:
        raise InvalidInputError(argument, "must be positive", length)
    return length


def _steps(argument: str, size: Any) -> float:
    return float(check_int(argument, _whole(size), low=1, high=2**31))


def _whole(size: Any) -> Any:
    return int(size) if isinstance(size, float) and size.is_integer() else size


def count(plan: Cover, sizes: npt.NDArray[np.float64] | None, function: str) -> BoxCounts:
    """Return the box counts of a checked call."""
    found, table, diameter, n_nodes, n_components = _core.box_counts(
        plan.graph.indptr,
        plan.graph.indices,
        plan.graph.weights,
        plan.method,
        sizes,
        plan.n_repeats,
        plan.components == "largest",
        plan.weighted,
        plan.random_state,
        plan.memory_limit,
        plan.n_jobs,
        progress_for(plan.progress, "box counts"),
    )
    boxes = table.astype(np.int64)
    if not plan.weighted:
        diameter = None if diameter is None else int(diameter)
    return BoxCounts(
        sizes=found if plan.weighted else found.astype(np.int64),
        counts=boxes.min(axis=0),
        all_counts=boxes,
        size_kind="r_B" if plan.method in _BY_RADIUS else "l_B",
        diameter=diameter,
        method=plan.method,
        components=plan.components,
        n_nodes=n_nodes,
        n_components=n_components,
        settings=plan.settings(function, sizes=None if sizes is None else sizes.tolist()),
        warnings=_warnings(plan, n_nodes, n_components, diameter),
    )


def cover(plan: Cover, size: float) -> npt.NDArray[np.int64]:
    """Return the box of every node at one size, boxes numbered by their smallest node."""
    found = _core.boxes(
        plan.graph.indptr,
        plan.graph.indices,
        plan.graph.weights,
        size,
        plan.method,
        plan.n_repeats,
        plan.weighted,
        plan.random_state,
        plan.memory_limit,
        plan.n_jobs,
        progress_for(plan.progress, "boxes"),
    )
    return found.astype(np.int64)


def _warnings(
    plan: Cover, n_nodes: int, n_components: int, diameter: float | None
) -> tuple[str, ...]:
    found = []
    if n_components > 1:
        found.append(
            f"the graph has {n_components} components; each is covered on its own and the counts "
            "are added"
        )
    left = plan.graph.n_nodes - n_nodes
    if left:
        found.append(f"{left} nodes outside the largest component are left out")
    if diameter is None:
        found.append("the diameter was not needed and is not known")
    return tuple(found)
