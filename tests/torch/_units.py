"""Layers, and the forms of self-similarity written out slowly with autograd."""

from __future__ import annotations

import math

import torch

FORMS = ("paper", "printed", "covering", "correlation")


def layer(samples: int = 12, units: int = 20, seed: int = 0, dtype: object = None) -> object:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, units, generator=generator, dtype=dtype or torch.float64)


def pairs_of(features: object) -> object:
    """All distances, with autograd: the slow reference."""
    n_samples, n_units = features.shape
    i, j = torch.triu_indices(n_units, n_units, 1)
    return ((features[:, i] - features[:, j]).square().sum(0) / n_samples).sqrt()


def slow_paper(features: object, form: str, kappa: float, factor: float) -> tuple[float, object]:
    """The K x pairs formulation: exact counts forward, a smooth step backward."""
    c = pairs_of(features)
    D, K = features.shape[1], 256
    low, high = c.min().detach(), c.max().detach()
    x = torch.linspace(float(torch.log1p(low)), float(torch.log1p(high)), K, dtype=torch.float64)
    theta = torch.expm1(x)
    theta[0], theta[-1] = low, high
    hard = (c[None] <= theta[:, None]).double()
    soft = factor * torch.sigmoid(kappa * (theta[:, None] - c[None]))
    p = (hard + soft - soft.detach()).mean(1)
    if form == "paper":
        boxes = D - (D - 1) * torch.log(1 + (D - 1) * p) / math.log(D)
    else:
        boxes = 1 + (D - 1) * torch.log(D - (D - 1) * p) / math.log(D)
    line = (x[-1] - x) / (x[-1] - x[0])
    deviation = boxes.clamp(min=1.0).log() / math.log(D) - line
    # Without the last, which is 0 by definition and has a sign by rounding only.
    value = 2 * deviation[:-1].abs().sum() / K
    (gradient,) = torch.autograd.grad(value, features)
    return value.item(), gradient


def held(features: object, form: str, scale: str | None) -> object:
    """A function of features with grid, quantiles and rms fixed at those of ``features``."""
    c0 = pairs_of(features).detach()
    rms = c0.square().mean().sqrt() if scale == "rms" else torch.tensor(1.0, dtype=torch.float64)
    c0 = c0 / rms
    if form == "correlation":
        ends = torch.quantile(c0, torch.tensor([0.02, 0.98], dtype=torch.float64)).log()
        x = torch.linspace(float(ends[0]), float(ends[1]), 64, dtype=torch.float64)
        tau = 0.1 * (ends[1] - ends[0])

        def value(moved: object) -> object:
            c = (pairs_of(moved) / rms).log()
            y = torch.stack([torch.sigmoid((r - c) / tau).mean() for r in x]).log()
            return ((x - x.mean()) * y).sum() / (x - x.mean()).square().sum()

        return value
    low, high = torch.log1p(c0.min()), torch.log1p(c0.max())

    def merged(moved: object) -> object:
        c = pairs_of(moved) / rms
        D = moved.shape[1]
        square = torch.zeros(D, D, dtype=c.dtype)
        square[tuple(torch.triu_indices(D, D, 1))] = c
        square = square + square.T
        clusters, heights = [[i] for i in range(D)], []
        while len(clusters) > 1:
            found = min(
                (
                    (square[a][:, b].max(), i, j)
                    for i, a in enumerate(clusters)
                    for j, b in enumerate(clusters)
                    if i < j
                ),
                key=lambda entry: entry[0].item(),
            )
            heights.append(found[0])
            clusters[found[1]] += clusters.pop(found[2])
        h = torch.stack(heights).sort().values
        boxes = torch.arange(D - 1, 0, -1, dtype=c.dtype)
        line = (high - torch.log1p(h)) / (high - low)
        return 2 * (boxes.log() / math.log(D) - line).abs().mean()

    return merged


def surrogate(features: object, form: str, kappa: float, factor: float) -> object:
    """A function of features: the smooth stand-in of a closed form, its weights and grid fixed."""
    c0 = pairs_of(features).detach()
    D = features.shape[1]
    low, high = c0.min(), c0.max()
    x = torch.linspace(float(torch.log1p(low)), float(torch.log1p(high)), 256, dtype=torch.float64)
    theta = torch.expm1(x)
    theta[0], theta[-1] = low, high
    p = (c0[None] <= theta[:, None]).double().mean(1).requires_grad_()
    if form == "paper":
        boxes = D - (D - 1) * torch.log(1 + (D - 1) * p) / math.log(D)
    else:
        boxes = 1 + (D - 1) * torch.log(D - (D - 1) * p) / math.log(D)
    deviation = boxes.log() / math.log(D) - (x[-1] - x) / (x[-1] - x[0])
    # Without the last, where both are 0 by definition.
    (weights,) = torch.autograd.grad(2 * deviation[:-1].abs().sum() / 256, p)

    def value(moved: object) -> object:
        soft = factor * torch.sigmoid(kappa * (theta[:, None] - pairs_of(moved)[None]))
        return (weights * soft.mean(1)).sum()

    return value
