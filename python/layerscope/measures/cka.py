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
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope._result import Result, StackResult
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope._table import Table
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer
from layerscope.measures._centred import Centred, Floats, centre_pair
from layerscope.measures._products import Tick, inner_products

__all__ = ["CKA", "CKAMatrix", "cka", "cka_matrix"]

_FEWEST_DEBIASED = 4


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CKA(Result):
    """Linear centred kernel alignment of two layers.

    Attributes
    ----------
    value : float
        CKA; NaN where a layer is constant, or where a debiased HSIC is not positive.
    debiased : bool
        Whether it is the debiased form.
    """

    value: float
    debiased: bool


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CKAMatrix(StackResult):
    """Linear centred kernel alignment of all pairs of layers.

    Attributes
    ----------
    matrix : ndarray of float64, shape (L, L)
        CKA, one on the diagonal; NaN beside a constant layer.
    debiased : ndarray of float64, shape (L, L)
        The debiased form; NaN beside a layer whose estimate with itself is not positive, and
        everywhere below four samples.
    """

    matrix: Floats
    debiased: Floats

    @property
    def table(self) -> Table:
        """One row per pair of layers a < b."""
        first, second = np.triu_indices(len(self.layers), 1)
        columns: dict[str, Sequence[Any]] = {
            "layer_a": [self.layers[a] for a in first],
            "layer_b": [self.layers[b] for b in second],
            "cka": self.matrix[first, second].tolist(),
            "debiased": self.debiased[first, second].tolist(),
        }
        return Table(columns)

    def plot(self, ax: Any = None, *, debiased: bool = False) -> Any:
        """Draw the pairs of layers as a map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        debiased : bool, default False
            Draw the debiased form.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.cka(self, ax, debiased=debiased)


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
        debiased=bool(debiased),
        settings=record("cka", debiased=bool(debiased), n_samples=n, n_features=(d, y.shape[1])),
        warnings=tuple(warnings),
    )


def cka_matrix(
    stack: Any, *, memory_limit: MemoryLimit = None, progress: Progress = None
) -> CKAMatrix:
    """Compare all pairs of layers by linear CKA, plain and debiased.

    Each layer is centred once and meets itself once, so this costs less than its pairs.

    Parameters
    ----------
    stack : Activations or mapping of str to array
        The layers in order, all of the same samples.
    memory_limit, progress
        As in :func:`cka`.

    Returns
    -------
    CKAMatrix
        With ``matrix`` and ``debiased``.

    Raises
    ------
    InvalidInputError
        For fewer than two samples, or values not finite; the layer is named.
    MemoryLimitError
        If not even the tiles fit.

    Notes
    -----
    With N samples and D features in all layers together, O(N D²) or O(N² (D + L²)), whichever is
    less: at most about the arithmetic of the exact neighbours of the same layers.
    """
    limit, tick = check_memory(memory_limit), progress_for(progress, "cka")
    layers: dict[str, Centred] = {}
    for name, X in as_stack(stack).items():
        with in_layer(name):
            layers[name] = Centred(X, "X")
            if layers[name].shape[0] < 2:
                raise InvalidInputError(
                    "X", "must have at least 2 rows", f"shape {layers[name].shape}"
                )
    centred = list(layers.values())
    n = centred[0].shape[0]
    products = inner_products(centred, limit, tick)
    constant = [name for name, layer in layers.items() if layer.constant]
    wide = [name for name, layer in layers.items() if layer.shape[1] >= n]
    warnings = [f"layer {name!r}: it is constant, so CKA is not defined" for name in constant]
    if wide:
        warnings.append(
            f"CKA without its debiased form says little about {wide[0]!r}"
            + (
                f" and {len(wide) - 1} other layer{'s' if len(wide) > 2 else ''}"
                if len(wide) > 1
                else ""
            )
            + ": with as many features as samples unrelated layers are alike too"
        )
    return CKAMatrix(
        layers=tuple(layers),
        matrix=_normalised(products, centred, bounded=True),
        debiased=(
            _normalised(_unbiased(products, centred), centred, bounded=False)
            if n >= _FEWEST_DEBIASED
            else np.full_like(products, np.nan)
        ),
        settings=record("cka_matrix", n_samples=n),
        warnings=tuple(warnings),
    )


def _check_flag(debiased: object) -> None:
    if not isinstance(debiased, bool | np.bool_):
        raise InvalidTypeError("debiased", "must be True or False", repr(debiased))


def _alignments(layers: list[Centred], debiased: bool, limit: int | None, tick: Tick) -> Floats:
    products = inner_products(layers, limit, tick)
    hsic = _unbiased(products, layers) if debiased else products
    return _normalised(hsic, layers, bounded=not debiased)


def _normalised(hsic: Floats, layers: list[Centred], *, bounded: bool) -> Floats:
    """Divide HSIC of pairs by that of the layers with themselves."""
    own = np.diag(hsic)
    defined = (own > 0.0) & ~np.array([layer.constant for layer in layers])
    norms = np.sqrt(np.where(defined, own, np.nan))
    values: Floats = hsic / np.outer(norms, norms)
    np.fill_diagonal(values, np.where(defined, 1.0, np.nan))
    # Beyond 1 is rounding; the debiased form may truly lie there.
    return np.minimum(values, 1.0) if bounded else values


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
