"""The closed forms and the correlation form in torch, for tensors that are not on the CPU.

The formulas are those of the Rust kernel (see there): one scalar function h of the distance gives
the gradient, tabulated once, so that no temporary has the size of scales times pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["Recipe", "measure"]

#: Quantiles of the positive distances, width of the smoothed step, and reach of its table.
_LOW, _HIGH, _SMOOTHING, _BEYOND = 0.02, 0.98, 0.1, 12.0
_PER_WIDTH, _FEWEST, _MOST = 32, 256, 1 << 16
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
    units = features.T.contiguous()
    exact = "donot_use_mm_for_euclid_dist"
    square = torch.cdist(units, units, compute_mode=exact) / math.sqrt(n_samples)
    above = torch.ones_like(square, dtype=torch.bool).triu_(1)
    pairs = square[above]
    divisor = float(pairs.square().mean().sqrt()) if recipe.rms else 1.0
    if divisor > 0 and divisor != 1:
        square, pairs = square / divisor, pairs / divisor
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
    weights = torch.where(square > 0, slope(square) / square, torch.zeros_like(square))
    weights.fill_diagonal_(0)
    gradient = weights.sum(1, keepdim=True) * units - weights @ units
    return value, (gradient / (n_samples * divisor * divisor)).T


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
    weight = deviation.sign() * 2 / (boxes * logarithm * len(theta)) * per_share
    kappa = recipe.kappa

    def h(c: torch.Tensor) -> torch.Tensor:
        return -recipe.factor * kappa / len(pairs) * _bells(kappa * theta, kappa * c, weight)

    return float(2 * deviation.abs().mean()), _tabulated(h, low, high, 1 / kappa)


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
    of_logarithm = _tabulated(h, *ends, tau)

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


def _tabulated(h: Slope, low: float, high: float, width: float) -> Slope:
    """Return h by cubic interpolation between nodes, within the ends."""
    cells = min(max(math.ceil(_PER_WIDTH * (high - low) / width), _FEWEST), _MOST)

    def at(c: torch.Tensor) -> torch.Tensor:
        wide = _widest(c)
        steps = torch.arange(-1, cells + 2, device=c.device, dtype=wide)
        nodes = torch.cat([h(part) for part in (low + steps * (high - low) / cells).split(1024)])
        place = (c.to(wide) - low) * (cells / (high - low))
        cell = place.long().clamp(0, cells - 1)
        t = place - cell
        first, second, third, fourth = (nodes[cell + offset] for offset in range(4))
        below, above, far = t + 1, t - 1, t - 2
        outer = t * above * (below * fourth - far * first) / 6
        return (outer + below * far * (above * second - t * third) / 2).to(c.dtype)

    return at
