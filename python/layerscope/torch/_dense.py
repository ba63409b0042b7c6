"""The closed forms and the correlation form in torch, for tensors that are not on the CPU.

The formulas are those of the Rust kernel (see there): one scalar function h of the distance gives
the gradient, tabulated once, so that no temporary has the size of scales times pairs. Where the
features are so large that h is narrower than a table could hold, h itself is taken, part by part.
All of it in float64, where the device has it: h has the width 1 / κ however large distances are,
and a distance of 1e5 in float32 is right to 0.008 only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

__all__ = ["Recipe", "measure"]

#: Quantiles of the positive distances, width of the smoothed step, and reach of its table.
_LOW, _HIGH, _SMOOTHING, _BEYOND = 0.02, 0.98, 0.1, 12.0
_PER_WIDTH, _FEWEST = 64, 256
#: Distances that are looked at together, and those of them for which h itself is taken.
_TOGETHER, _PART = 1 << 22, 1 << 13
_FEWEST_UNITS = 3


@dataclass(frozen=True)
class Recipe:
    """What is measured: the form, whether distances are divided by their rms, K, κ and f."""

    form: str
    rms: bool
    n_thetas: int
    kappa: float
    factor: float


def measure(
    features: torch.Tensor, recipe: Recipe, *, with_gradient: bool
) -> tuple[float, torch.Tensor]:
    """Return the value of (samples, units) and its gradient; zeros where it cannot be told."""
    n_samples, n_units = features.shape
    nothing = float("nan"), torch.zeros_like(features)
    if n_units < _FEWEST_UNITS:
        return nothing
    units = features.T.to(_widest(features)).contiguous()
    pairs = torch.cat([rows[_above(rows, first)] for first, rows in _distances(units)])
    divisor = float(pairs.square().mean().sqrt()) if recipe.rms else 1.0
    if divisor > 0 and divisor != 1:
        pairs = pairs / divisor
    low, high = float(pairs.min()), float(pairs.max())
    if not low < high:
        return nothing
    if recipe.form == "correlation":
        quantiles = _quantiles(pairs)
        if quantiles is None:
            return nothing
        value, slope = _correlated(pairs, quantiles, recipe)
    else:
        value, slope = _counted(pairs, low, high, n_units, recipe)
    if not with_gradient:
        return value, nothing[1]
    gradient = torch.empty_like(units)
    for first, rows in _distances(units):
        c = rows / divisor if divisor > 0 else rows
        weights = torch.where(c > 0, slope(c.clamp(low, high)) / c, torch.zeros_like(c))
        weights.diagonal(first).zero_()
        own = slice(first, first + len(rows))
        gradient[own] = weights.sum(1, keepdim=True) * units[own] - weights @ units
    factor = n_samples * divisor * divisor if divisor > 0 else n_samples
    return value, (gradient / factor).T.to(features.dtype)


def _distances(units: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield the first unit of some rows of the square of distances, and the rows."""
    root = math.sqrt(units.shape[1])
    first = 0
    for rows in units.split(max(_TOGETHER // len(units), 1)):
        # As differences: by products, near units would lose their distance to rounding.
        yield first, torch.cdist(rows, units, compute_mode="donot_use_mm_for_euclid_dist") / root
        first += len(rows)


def _above(rows: torch.Tensor, first: int) -> torch.Tensor:
    """Return where rows of a square lie above its diagonal."""
    return torch.ones_like(rows, dtype=torch.bool).triu_(first + 1)


Slope = Callable[[torch.Tensor], torch.Tensor]


def _counted(
    pairs: torch.Tensor, low: float, high: float, n_units: int, recipe: Recipe
) -> tuple[float, Slope]:
    x = torch.linspace(math.log1p(low), math.log1p(high), recipe.n_thetas, dtype=torch.float64).to(
        pairs.device, _widest(pairs)
    )
    theta = torch.expm1(x).clamp(low, high)
    theta[0], theta[-1] = low, high
    place = torch.bucketize(pairs, theta.to(pairs.dtype))
    share = torch.bincount(place, minlength=len(theta) + 1)[:-1].cumsum(0).to(theta) / len(pairs)
    width, logarithm = n_units, math.log(n_units)
    if recipe.form == "printed":
        inner = width - (width - 1) * share
        boxes = 1 + (width - 1) * inner.log() / logarithm
    else:
        inner = 1 + (width - 1) * share
        boxes = (width - (width - 1) * inner.log() / logarithm).clamp(min=1.0)
    deviation = boxes.log() / logarithm - (x[-1] - x) / (x[-1] - x[0])
    per_share = -((width - 1) ** 2) / (inner * logarithm)
    # At the largest θ the curve meets the line by definition, where there is no derivative.
    rounding = 1e-12 if deviation.dtype == torch.float64 else 1e-6
    sign = torch.where(deviation.abs() < rounding, 0.0, deviation.sign())
    weight = sign * 2 / (boxes * logarithm * len(theta)) * per_share
    kappa = recipe.kappa

    def h(c: torch.Tensor) -> torch.Tensor:
        return -recipe.factor * kappa / len(pairs) * _bells(kappa * theta, kappa * c, weight)

    return float(2 * deviation.abs().mean()), _tabulated(h, (low, high), 1 / kappa, len(pairs))


def _correlated(
    pairs: torch.Tensor, quantiles: tuple[float, float], recipe: Recipe
) -> tuple[float, Slope]:
    start, end = math.log(quantiles[0]), math.log(quantiles[1])
    tau = _SMOOTHING * (end - start)
    x = torch.linspace(start, end, recipe.n_thetas, dtype=torch.float64)
    x = x.to(pairs.device, _widest(pairs))
    logarithms = pairs.log()
    share = torch.stack([((r - logarithms) / tau).sigmoid().mean() for r in x.to(pairs.dtype)])
    share = share.to(x)
    centred = x - x.mean()
    weight = centred / centred.square().sum()
    value = float((weight * share.log()).sum())
    weight = weight / share

    def h(logarithm: torch.Tensor) -> torch.Tensor:
        return -_bells(x / tau, logarithm / tau, weight) / (len(pairs) * tau)

    ends = start - _BEYOND * tau, end + _BEYOND * tau
    of_logarithm = _tabulated(h, ends, tau, len(pairs))

    def slope(c: torch.Tensor) -> torch.Tensor:
        positive = c > 0
        safe = torch.where(positive, c, torch.ones_like(c))
        # Beyond the ends the function has all but vanished.
        return torch.where(positive, of_logarithm(safe.log().clamp(*ends)) / safe, 0)

    return value, slope


def _widest(values: torch.Tensor) -> torch.dtype:
    """Return float64 where the device has it (Apple's has not)."""
    return values.dtype if values.device.type == "mps" else torch.float64


def _bells(theta: torch.Tensor, c: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return Σ_m w_m σ(1 − σ)(θ_m − c) for a vector c."""
    step = (theta[None, :] - c[:, None]).sigmoid()
    return (step * (1 - step)) @ weight


def _quantiles(pairs: torch.Tensor) -> tuple[float, float] | None:
    positive = pairs[pairs > 0].sort().values
    if len(positive) < 2:
        return None
    ends = []
    for q in (_LOW, _HIGH):
        at = q * (len(positive) - 1)
        below, above = float(positive[math.floor(at)]), float(positive[math.ceil(at)])
        ends.append(below + (above - below) * (at - math.floor(at)))
    return (ends[0], ends[1]) if ends[0] < ends[1] else None


def _tabulated(h: Slope, ends: tuple[float, float], width: float, uses: int) -> Slope:
    """Return h within the ends by cubic interpolation between nodes, or itself if that is less."""
    low, high = ends
    cells = max(math.ceil(_PER_WIDTH * (high - low) / width), _FEWEST)
    if cells >= uses:
        return lambda c: _in_parts(h, c)
    nodes: list[torch.Tensor] = []

    def at(c: torch.Tensor) -> torch.Tensor:
        wide = _widest(c)
        if not nodes:
            steps = torch.arange(-1, cells + 2, device=c.device, dtype=wide)
            nodes.append(_in_parts(h, low + steps * (high - low) / cells))
        place = (c.to(wide) - low) * (cells / (high - low))
        cell = place.long().clamp(0, cells - 1)
        t = place - cell
        first, second, third, fourth = (nodes[0][cell + offset] for offset in range(4))
        below, above, far = t + 1, t - 1, t - 2
        outer = t * above * (below * fourth - far * first) / 6
        return (outer + below * far * (above * second - t * third) / 2).to(c.dtype)

    return at


def _in_parts(h: Slope, c: torch.Tensor) -> torch.Tensor:
    """Return h of every number, of few at a time."""
    return torch.cat([h(part) for part in c.flatten().split(_PART)]).reshape(c.shape)
