"""Box dimension: does the number of boxes fall as a power of their size, and with which exponent?

d_B is minus the slope of ln N on ln l_B over a window of sizes. Beside it stands the exponential
law, ln N linear in l_B, which small worlds follow (Song, Havlin, Makse, Nature 433, 392, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._result import Result
from layerscope._settings import MemoryLimit, Progress, check_int
from layerscope.errors import InvalidInputError
from layerscope.measures._coverings import BoxCounts, Cover, check_cover, count
from layerscope.measures._laws import FEWEST_SIZES, Law, Window, check_window, fit, inside
from layerscope.measures._swaps import null_seed, swapped

__all__ = ["FractalDimension", "fractal_dimension"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FractalDimension(Result):
    """A box dimension and what supports it.

    Attributes
    ----------
    value : float
        The dimension d_B; NaN where fewer than two sizes lie inside the window.
    standard_error : float
        Of the slope.
    window : tuple of float
        Smallest and largest size that count, inclusive, as l_B; radii enter as 2 r_B + 1.
    rmse_power, rmse_exponential : float
        Root of the mean squared residual in ln N under each law.
    ratio : float
        rmse_power / rmse_exponential: below 1 fractal, above 1 a small world.
    n_sizes : int
        Sizes inside the window.
    supported : bool
        Whether these are at least six.
    reason : str or None
        Why no dimension is supported.
    sizes, counts : ndarray
        All sizes, as l_B, and the number of boxes at each.
    size_unit : str
        ``"steps"``, or ``"length"`` where sizes are real.
    null_mean, null_sd, z : float
        The value on rewired graphs with the same degrees; NaN without them. ``z`` is NaN too where
        the value or its null is not supported.
    null_n_sizes : int
        The fewest sizes inside the window of any of these; 0 without them.
    null_reason : str or None
        Why there is no ``z``, as a sentence; None where there is, or where no null was asked for.
    """

    value: float
    standard_error: float
    window: tuple[float, float]
    rmse_power: float
    rmse_exponential: float
    ratio: float
    n_sizes: int
    supported: bool
    reason: str | None
    sizes: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    null_mean: float
    null_sd: float
    z: float
    null_n_sizes: int
    null_reason: str | None
    size_unit: str

    def plot(self, ax: Any = None) -> Any:
        """Draw the counts, the window and the law.

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


def fractal_dimension(
    graph_or_counts: Any,
    *,
    window: Any = None,
    method: str = "greedy",
    n_repeats: int = 10,
    components: str = "all",
    weighted: bool = False,
    n_null: int = 0,
    random_state: int = 0,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> FractalDimension:
    """Fit the box dimension of a graph, or of box counts found already.

    Parameters
    ----------
    graph_or_counts : Graph, scipy sparse matrix, networkx graph, BoxCounts or FuzzyBoxCounts
        What to measure. The other parameters but ``window`` belong to a graph.
    window : (low, high), optional
        Sizes l_B that count, both included; by default those from 2 on with at least 5 boxes,
        and one more for every component beyond the first. Where sizes are lengths, those whose
        boxes hold two nodes on average take the place of those from 2 on, so that the unit of
        length changes nothing.
    method, n_repeats, components, weighted, random_state, memory_limit, n_jobs, progress
        As for :func:`layerscope.box_counts`. One random order underestimates the dimension, so
        the best of ten is taken.
    n_null : int, default 0
        Rewired graphs with the same degrees to judge the value by.

    Returns
    -------
    FractalDimension
        With ``value``, ``standard_error``, ``window``, both RMSEs, ``ratio``, ``supported`` and
        ``reason``.

    Raises
    ------
    InvalidTypeError
        For anything that is neither a graph nor counts.
    InvalidInputError
        For a directed graph, one without nodes, a window upside down, and anything that belongs to
        a graph beside counts.

    Notes
    -----
    Takes the time of the box counts, ``n_null`` + 1 times. Finite size biases the value: it is
    1.81, fitted over everything, on a 100 × 100 grid whose dimension is 2.

    References
    ----------
    Song, Havlin, Makse, Nature 433, 392 (2005). Maslov, Sneppen, Science 296, 910 (2002).

    Examples
    --------
    >>> from layerscope import Graph, fractal_dimension
    >>> ring = Graph.from_edges([(i, (i + 1) % 200) for i in range(200)])
    >>> round(float(fractal_dimension(ring)), 1)
    1.0
    """
    edges = check_window(window)
    n_null = check_int("n_null", n_null, low=0, high=10**4)
    if hasattr(graph_or_counts, "size_kind") and isinstance(graph_or_counts, Result):
        if n_null:
            rule = "must be 0 beside counts: a null needs the graph"
            raise InvalidInputError("n_null", rule, n_null)
        _refuse_beside_counts(
            method=(method, "greedy"),
            n_repeats=(n_repeats, 10),
            components=(components, "all"),
            weighted=(weighted, False),
            random_state=(random_state, 0),
        )
        counted: Any = graph_or_counts
        settings = dict(counted.settings)
        nulls: list[Law] = []
    else:
        plan = check_cover(
            graph_or_counts,
            method=method,
            n_repeats=n_repeats,
            components=components,
            weighted=weighted,
            random_state=random_state,
            memory_limit=memory_limit,
            n_jobs=n_jobs,
            progress=progress,
        )
        counted = count(plan, None, "fractal_dimension")
        settings = plan.settings("fractal_dimension", n_null=n_null)
        nulls = [_null(plan, number, edges) for number in range(n_null)]
    settings["window"] = None if edges is None else list(edges)
    sizes, law = _law(counted, edges)
    value, values = 0.0 - law.slope, np.array([0.0 - null.slope for null in nulls])
    mean = float(values.mean()) if nulls else float("nan")
    spread = float(values.std(ddof=1)) if len(nulls) > 1 else float("nan")
    fewest = min((null.n_sizes for null in nulls), default=0)
    refusal = _no_z(law, fewest, spread) if nulls else None
    return FractalDimension(
        value=value,
        standard_error=law.standard_error,
        window=law.window,
        rmse_power=law.rmse_power,
        rmse_exponential=law.rmse_exponential,
        ratio=law.ratio,
        n_sizes=law.n_sizes,
        supported=law.supported,
        reason=law.reason,
        sizes=sizes,
        counts=np.asarray(counted.counts, np.float64),
        null_mean=mean,
        null_sd=spread,
        z=(value - mean) / spread if spread > 0 and refusal is None else float("nan"),
        null_n_sizes=fewest,
        null_reason=refusal,
        size_unit="steps" if _in_steps(counted) else "length",
        settings=settings,
        warnings=(*counted.warnings, *law.warnings, *([] if refusal is None else [refusal])),
    )


def _refuse_beside_counts(**given: tuple[Any, Any]) -> None:
    for argument, (value, default) in given.items():
        if value != default:
            rule = "belongs to a graph: beside counts it would change nothing"
            raise InvalidInputError(argument, rule, repr(value))


def _no_z(law: Law, fewest: int, spread: float) -> str | None:
    """Say why a value cannot be set against its null."""
    if not law.supported:
        return "no z is given: the graph itself supports no dimension"
    if fewest >= FEWEST_SIZES:
        if spread > 0:
            return None
        if np.isnan(spread):
            return "no z is given: a single rewired graph has no spread"
        return "no z is given: the rewired graphs do not differ"
    return (
        f"no z is given: a rewired graph has {fewest} sizes inside the window, fewer than "
        f"{FEWEST_SIZES}, and supports no dimension to compare with"
    )


def _in_steps(counted: Any) -> bool:
    return bool(np.asarray(counted.sizes).dtype.kind == "i")


def _law(counted: Any, window: Window | None) -> tuple[npt.NDArray[np.float64], Law]:
    sizes, steps = np.asarray(counted.sizes, np.float64), _in_steps(counted)
    if counted.size_kind == "r_B":
        # Whole radii hold nodes up to 2 r apart, which lies strictly below 2 r + 1.
        sizes = 2 * sizes + steps
    counts = np.asarray(counted.counts, np.float64)
    # Fuzzy counts know no components, and of the largest one there is one.
    alone = getattr(counted, "components", "all") == "largest"
    n_components = 1 if alone else getattr(counted, "n_components", 1)
    n_nodes = None if steps else counted.n_nodes
    kept = inside(sizes, counts, window, n_components=n_components, n_nodes=n_nodes)
    return sizes, fit(sizes, counts, kept, chosen=window is not None)


def _null(plan: Cover, number: int, window: Window | None) -> Law:
    """Return the law of one rewired graph."""
    seed = null_seed(plan.random_state, number)
    graph = swapped(plan.graph, None, seed, plan.n_jobs, plan.progress)
    counted: BoxCounts = count(
        Cover(**{**plan.__dict__, "graph": graph}), None, "fractal_dimension"
    )
    return _law(counted, window)[1]
