"""Linear CKA: are two layers the same up to rotation and scale?

With X and Y centred feature by feature, K = X Xᵀ and L = Y Yᵀ (Kornblith, Norouzi, Lee & Hinton
2019, arXiv 1905.00414),

    CKA(X, Y) = HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)),    HSIC(K, L) ∝ Σ_ij K_ij L_ij = ‖Xᵀ Y‖²

in [0, 1]. It is biased upwards where there are few samples and many features. The debiased form
(as Nguyen, Raghu & Kornblith 2021, arXiv 2010.15327, use it) takes the unbiased estimate of Song,
Smola, Gretton, Bedo & Borgwardt (JMLR 13, 2012, equation 5), K̃ and L̃ being K and L with a zero
diagonal:

    n (n − 3) HSIC₁ = tr(K̃ L̃) + (1ᵀK̃1)(1ᵀL̃1) / ((n − 1)(n − 2)) − 2 (1ᵀK̃ L̃1) / (n − 2)

HSIC₁ does not see the mean, and for centred features K1 = 0: with k_i = |x_i|², l_i = |y_i|² the
right side is ‖Xᵀ Y‖² − n / (n − 2) Σ k_i l_i + (Σ k_i)(Σ l_i) / ((n − 1)(n − 2)), O(n d) beyond the
norm.

Both ways to the norm are open: d × d products of features, or n × n Gram matrices, tile by tile.
The cheaper is taken. The products are numpy's, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._result import Result
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError, in_layer
from layerscope.measures._centred import Centred, Floats, centre_pair, row_blocks

__all__ = ["CKA", "cka", "cka_matrix"]

# Sizes are fixed: how the sums are cut must not depend on the machine or on a limit.
_ROWS = 4096  # samples of one product over samples
_FEATURES = 1024  # features on a side of a tile of XᵀY
_SAMPLES = 1024  # samples on a side of a tile of a Gram matrix
_DEPTH = 4096  # features of one product over features
_KEPT = 2**30  # bytes that centred copies may take where no limit is given
_FEWEST_DEBIASED = 4

Tick = Callable[[int, int], object] | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CKA(Result):
    """Linear centred kernel alignment of two layers.

    Attributes
    ----------
    value : float
        CKA; NaN where a layer is constant, or where a debiased HSIC is not positive.
    """

    value: float


def cka(
    X: Any,
    Y: Any,
    *,
    debiased: bool = False,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> CKA:
    """Compare two layers by linear centred kernel alignment.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features) and (n_samples, other_features)
        Two layers of the same samples in the same order, floats of any kind.
    debiased : bool, default False
        Take the unbiased estimate of HSIC: near 0 for independent layers however wide, and below 0
        by chance. Needs four rows.
    n_jobs : int, optional
        Checked like everywhere. The products are numpy's; the threads are those of its BLAS.
    memory_limit : int or str, optional
        Bytes of scratch; centred copies are kept only where they fit. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    CKA
        With ``value``.

    Raises
    ------
    InvalidInputError
        For different numbers of rows, fewer than two (debiased: four), or values not finite.
    InvalidTypeError
        If ``debiased`` is no bool.
    MemoryLimitError
        If not even the tiles fit.

    Notes
    -----
    O(n d²) or O(n² d) time in float64, whichever is less. Does not change under rotation, scaling
    or shift of either layer. Other numbers of BLAS threads may change the last bits.

    References
    ----------
    Kornblith et al. 2019, arXiv 1905.00414; Song et al., JMLR 13 (2012); Nguyen et al. 2021, arXiv
    2010.15327.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import cka
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 50))
    >>> turned = 3.0 * x @ np.linalg.qr(rng.normal(size=(50, 50)))[0] + 7.0
    >>> round(float(cka(x, turned)), 6)
    1.0
    >>> noise = rng.normal(size=(200, 50))
    >>> round(float(cka(x, noise)), 1), abs(float(cka(x, noise, debiased=True))) < 0.05
    (0.2, True)
    """
    _check_flag(debiased)
    check_jobs(n_jobs)
    limit, tick = check_memory(memory_limit), progress_for(progress, "cka")
    fewest, why = (_FEWEST_DEBIASED, " for the debiased form") if debiased else (2, "")
    x, y = centre_pair(X, Y, fewest, why)
    value = float(_alignments([x, y], debiased, limit, tick)[0, 1])
    warnings = [
        f"{name} is constant, so CKA is not defined"
        for name, layer in (("X", x), ("Y", y))
        if layer.constant
    ]
    if math.isnan(value) and not warnings:
        warnings.append("the debiased HSIC of a layer with itself is not positive: too few samples")
    n, d = x.shape
    return CKA(
        value=value,
        settings=record("cka", debiased=debiased, n_samples=n, n_features=(d, y.shape[1])),
        warnings=tuple(warnings),
    )


def cka_matrix(
    stack: Any,
    *,
    debiased: bool = False,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> npt.NDArray[np.float64]:
    """Return CKA of all pairs of layers, shape (L, L); NaN beside a constant layer.

    Each layer is centred once and meets itself once, so this costs less than its pairs.
    """
    _check_flag(debiased)
    limit, tick = check_memory(memory_limit), progress_for(progress, "cka")
    layers = []
    fewest = _FEWEST_DEBIASED if debiased else 2
    for name, X in as_stack(stack).items():
        with in_layer(name):
            layers.append(Centred(X, "X"))
            if layers[-1].shape[0] < fewest:
                rule = f"must have at least {fewest} rows"
                raise InvalidInputError("X", rule, f"shape {layers[-1].shape}")
    return _alignments(layers, debiased, limit, tick)


def _check_flag(debiased: object) -> None:
    if not isinstance(debiased, bool | np.bool_):
        raise InvalidTypeError("debiased", "must be True or False", repr(debiased))


def _alignments(layers: list[Centred], debiased: bool, limit: int | None, tick: Tick) -> Floats:
    hsic = _inner_products(layers, limit, tick)
    if debiased:
        hsic = _unbiased(hsic, layers)
    own = np.diag(hsic)
    defined = (own > 0.0) & ~np.array([layer.constant for layer in layers])
    norms = np.sqrt(np.where(defined, own, np.nan))
    values: Floats = hsic / np.outer(norms, norms)
    np.fill_diagonal(values, np.where(defined, 1.0, np.nan))
    # Beyond 1 is rounding; the debiased form may truly lie there.
    return values if debiased else np.minimum(values, 1.0)


def _unbiased(products: Floats, layers: list[Centred]) -> Floats:
    """Return n (n − 3) HSIC₁ of all pairs from ‖XᵀY‖² of centred features."""
    n = layers[0].shape[0]
    squares = [layer.squares() for layer in layers]
    found = products.copy()
    for a, k in enumerate(squares):
        for b, l in enumerate(squares):  # noqa: E741 - the papers' letter
            diagonal = n / (n - 2) * (k * l).sum()
            found[a, b] += k.sum() * l.sum() / ((n - 1) * (n - 2)) - diagonal
    return found


def _inner_products(layers: list[Centred], limit: int | None, tick: Tick) -> Floats:
    """Return Σ_ij K_ij L_ij = ‖XᵀY‖² for all pairs of layers, the cheaper way."""
    n, widths = layers[0].shape[0], [layer.shape[1] for layer in layers]
    # Products of a matrix with itself cost half.
    over_features = n * sum(widths) ** 2 / 2
    over_samples = n**2 * sum(widths) / 2
    if over_features <= over_samples:
        tile = min(max(widths), _FEATURES)
        _keep(layers, 8 * (2 * min(n, _ROWS) * tile + 2 * tile**2), limit)
        return _over_features(layers, tick)
    tile = min(n, _SAMPLES)
    _keep(layers, 8 * (2 * tile * min(max(widths), _DEPTH) + (len(layers) + 2) * tile**2), limit)
    return _over_samples(layers, tick)


def _keep(layers: list[Centred], least: int, limit: int | None) -> None:
    """Hold centred copies where they fit beside the ``least`` bytes of the tiles."""
    if limit is not None and limit < least:
        raise MemoryLimitError("memory_limit", f"must be at least {least} bytes here", limit)
    distinct = list({id(layer): layer for layer in layers}.values())
    room = _KEPT if limit is None else limit - least
    if 8 * sum(layer.shape[0] * layer.shape[1] for layer in distinct) <= room:
        for layer in distinct:
            layer.keep()


def _over_features(layers: list[Centred], tick: Tick) -> Floats:
    """Sum the squares of XᵀY, tile by tile of features."""
    n = layers[0].shape[0]
    tiles = [
        (place, columns)
        for place, layer in enumerate(layers)
        for columns in row_blocks(layer.shape[1], _FEATURES)
    ]
    pairs = list(combinations_with_replacement(tiles, 2))
    found = np.zeros((len(layers), len(layers)))
    for done, ((a, left), (b, right)) in enumerate(pairs):
        same = a == b and left == right
        total = np.zeros((left.stop - left.start, right.stop - right.start))
        for rows in row_blocks(n, _ROWS):
            x = layers[a].block(rows, left)
            y = x if same else layers[b].block(rows, right)
            total += x.T @ y
        weight = 2.0 if a == b and not same else 1.0
        found[a, b] += weight * np.square(total, out=total).sum()
        if tick is not None:
            tick(done + 1, len(pairs))
    return np.asarray(np.triu(found) + np.triu(found, 1).T)


def _over_samples(layers: list[Centred], tick: Tick) -> Floats:
    """Sum the products of Gram matrices, tile by tile of samples."""
    blocks = list(row_blocks(layers[0].shape[0], _SAMPLES))
    pairs = list(combinations_with_replacement(blocks, 2))
    found = np.zeros((len(layers), len(layers)))
    for done, (left, right) in enumerate(pairs):
        grams = [_gram(layer, left, right) for layer in layers]
        weight = 1.0 if left == right else 2.0
        for a, k in enumerate(grams):
            for b in range(a, len(grams)):
                found[a, b] += weight * (k * grams[b]).sum()
        if tick is not None:
            tick(done + 1, len(pairs))
    return np.asarray(np.triu(found) + np.triu(found, 1).T)


def _gram(layer: Centred, left: slice, right: slice) -> Floats:
    total = np.zeros((left.stop - left.start, right.stop - right.start))
    for columns in row_blocks(layer.shape[1], _DEPTH):
        x = layer.block(left, columns)
        total += x @ (x if left == right else layer.block(right, columns)).T
    return total
