"""Power laws of counts: the window of sizes, the two fits, and the refusal in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._settings import check_float
from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["FEWEST_BOXES", "FEWEST_SIZES", "Law", "check_window", "fit", "inside"]

FEWEST_SIZES = 6
FEWEST_BOXES = 5
SMALLEST_SIZE = 2

Window = tuple[float, float]


@dataclass(frozen=True)
class Law:
    """A slope and what stands beside it."""

    slope: float
    standard_error: float
    rmse_power: float
    rmse_exponential: float
    window: Window
    n_sizes: int
    chosen: bool = False

    @property
    def ratio(self) -> float:
        """RMSE of the power law over that of the exponential one; two sizes fit both laws."""
        if not self.rmse_exponential > 0 or self.n_sizes <= 2:
            return float("nan")
        return self.rmse_power / self.rmse_exponential

    @property
    def supported(self) -> bool:
        """Whether there are sizes enough."""
        return self.n_sizes >= FEWEST_SIZES

    @property
    def reason(self) -> str | None:
        """Why no exponent is supported, as a sentence; None where one is."""
        if self.supported:
            return None
        found = {0: "no size lies", 1: "only 1 size lies"}.get(
            self.n_sizes, f"only {self.n_sizes} sizes lie"
        )
        cause = (
            "the window that was given holds too little"
            if self.chosen
            else "the graph is too small or its diameter too short to tell a power law"
        )
        inside = f"{found} inside the window, fewer than {FEWEST_SIZES}"
        return f"no dimension is supported: {inside}; {cause}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know."""
        found = [] if self.reason is None else [self.reason]
        if self.ratio >= 1:
            found.append(
                "an exponential law fits at least as well as the power law, as in a small world"
            )
        return tuple(found)


def check_window(window: Any) -> Window | None:
    """Return (low, high) as floats, or None."""
    if window is None:
        return None
    rule = "must be two sizes, the smallest and the largest that count"
    try:
        low, high = window
    except (TypeError, ValueError):
        raise InvalidTypeError("window", rule, repr(window)) from None
    pair = check_float("window", low, low=0.0), check_float("window", high, low=0.0)
    if pair[0] > pair[1]:
        raise InvalidInputError("window", rule, repr(tuple(window)))
    return pair


def inside(
    sizes: npt.NDArray[Any],
    counts: npt.NDArray[Any],
    window: Window | None,
    *,
    n_components: int = 1,
    n_nodes: int | None = None,
) -> npt.NDArray[np.bool_]:
    """Say which sizes count: those of the window, or those from 2 on with at least 5 boxes.

    Boxes never join components, so that every component but one adds a box at every size, which
    says nothing: that many more are asked for. Where sizes are lengths, ``n_nodes`` is given and
    "from 2 on", which depends on the unit of length, gives way to what it means for steps: boxes
    that hold two nodes on average.
    """
    finite = np.isfinite(counts) & (counts > 0)
    if window is not None:
        return np.asarray(finite & (sizes >= window[0]) & (sizes <= window[1]))
    fewest = FEWEST_BOXES + n_components - 1
    large = sizes >= SMALLEST_SIZE if n_nodes is None else counts <= n_nodes / SMALLEST_SIZE
    return np.asarray(finite & large & (counts >= fewest))


def fit(
    sizes: npt.NDArray[Any],
    counts: npt.NDArray[Any],
    kept: npt.NDArray[np.bool_],
    *,
    chosen: bool = False,
) -> Law:
    """Fit ln N on ln l, and on l, over the sizes kept; ``chosen`` if the caller named them."""
    x = np.ascontiguousarray(sizes[kept], np.float64)
    y = np.ascontiguousarray(counts[kept], np.float64)
    slope, error, power, exponential = _core.fit_laws(x, y)
    if len(x) > 1 and (y == y[0]).all():
        # The mean of equal logarithms rounds, and the slope with it.
        slope = error = 0.0
    window = (float(x[0]), float(x[-1])) if len(x) else (float("nan"), float("nan"))
    return Law(slope, error, power, exponential, window, len(np.unique(x)), chosen)
