"""Self-similarity: do the units of a layer lie about each other alike at every scale?

Ding et al., arXiv 2507.17785 (2025). The nodes of a layer's feature network are its D units, each
with its responses F_i to the B samples; C_ij = ‖F_i − F_j‖ / √B. p(θ) is the share of pairs with
C_ij ≤ θ, and N(θ) = D − (D − 1) log_D(1 + (D − 1) p(θ)) stands in for a count of boxes. The rate is
twice the mean distance of ln N / ln D from the straight line over ln(1 + θ): 0 is a perfect power
law. O(D² B) time; distances are counted, not sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import as_array, as_matrix
from layerscope._result import Result
from layerscope._settings import (
    DefaultStr,
    MemoryLimit,
    Progress,
    check_choice,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    given,
    progress_for,
    record,
)
from layerscope.activations import pool
from layerscope.errors import InvalidInputError
from layerscope.measures._labelled import matrix_of
from layerscope.measures._presets import UnitPreset, get_unit_preset

__all__ = ["SelfSimilarity", "self_similarity"]

#: What is taken when no form is given; a preset can tell it from one that was.
FORM = DefaultStr("paper")
FORMS = ("paper", "printed", "covering", "correlation")
_NULLS = ("permuted", "gaussian")
#: Values of θ: the paper's K, and the radii of the correlation sum.
_K, _K_CORRELATION = 256, 64
_FEWEST_UNITS = 3


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SelfSimilarity(Result):
    """The self-similarity of one layer's units.

    Attributes
    ----------
    value : float
        The rate, 0 for a perfect power law; for ``form="correlation"`` the dimension. NaN where
        it cannot be told.
    theta_min, theta_max : float
        The smallest and the largest distance between two units.
    theta : ndarray of float64, shape (K,)
        The scales; empty where the value cannot be told.
    counts : ndarray of float64, shape (K,)
        N(θ); for ``form="correlation"`` p(θ).
    dimension, dimension_error : float
        Minus the slope of ln N on ln θ (covering) or the slope of ln p on ln θ (correlation), and
        its standard error by the residuals of the line; NaN for the other forms. The points of
        such a line depend on one another, so that the error is rather too small.
    window : tuple of float
        Smallest and largest θ of that line: where 5 ≤ N ≤ D / 2 (covering), between the 2 % and
        the 98 % quantile of the positive distances (correlation).
    null_mean, null_sd : float
        The value of layers that keep each unit's responses and lose which sample gave which (or
        of Gaussian noise); NaN without draws.
    z : float
        (value − null_mean) / null_sd.
    dead_share : float
        Share of units that are constant over the samples.
    duplicate_share : float
        Share of units equal to an earlier one that is not dead.
    n_units, n_samples : int
        D and B.
    """

    value: float
    theta_min: float
    theta_max: float
    theta: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    dimension: float
    dimension_error: float
    window: tuple[float, float]
    null_mean: float
    null_sd: float
    z: float
    dead_share: float
    duplicate_share: float
    n_units: int
    n_samples: int

    def plot(self, ax: Any = None) -> Any:
        """Draw ln N / ln D over ln(1 + θ) beside the self-similar line.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.self_similarity(self, ax)


def self_similarity(
    X: Any,
    *,
    form: str = FORM,
    scale: str | None = None,
    n_null: int = 20,
    null: str = "permuted",
    preset: str | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> SelfSimilarity:
    """Measure the self-similarity of a layer's units.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_units)
        Responses: a row per sample, a column per unit. Average maps over height and width and
        token sequences over tokens first (:func:`layerscope.pool`). Units are neither centred nor
        standardised.
    form : {"paper", "printed", "covering", "correlation"}
        Which count of boxes; by default ``"paper"``, the closed form of the paper's released code.
        ``"printed"`` is the formula as printed, which bends the other way and does not give the
        published values; ``"covering"`` true boxes of complete linkage; ``"correlation"`` the
        correlation dimension.
    scale : {None, "rms"}, optional
        Divide every distance by the root of the mean squared distance. The plain rate changes
        when all responses are multiplied by a number, since the scales are ln(1 + θ).
    n_null : int, default 20
        Layers drawn for the null; 0 leaves its fields NaN.
    null : {"permuted", "gaussian"}, default "permuted"
        Permute each unit's responses, which keeps its distribution; or Gaussian noise with the
        layer's mean and standard deviation.
    preset : {"selfsim2025"}, optional
        The settings of Ding et al.: the form of their code over 256 scales, distances as they are,
        and ``X`` may be tokens (samples, tokens, units) or maps (samples, units, height, width),
        which are averaged. A parameter given beside it departs from it.
    random_state : int, default 0
        Seed of the null.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that may be taken.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    SelfSimilarity

    Raises
    ------
    InvalidInputError
        For an empty matrix, values that are not finite, an unknown form, scale or null.
    MemoryLimitError
        If two copies of the responses, a row of distances for each thread, and for the covering
        form all distances twice, do not fit.

    Notes
    -----
    Takes O(D² B) time for each of 1 + ``n_null`` layers, with up to 64 MiB for distances that are
    kept; the covering form keeps all of them twice, 8 D² bytes. The rate is not a count of boxes,
    and pure noise does not score 0: compare with ``null_mean``. Dead units are equal to each
    other and set the smallest distance to 0.

    References
    ----------
    Ding et al., arXiv 2507.17785 (2025).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import self_similarity
    >>> i, j = np.arange(16), np.arange(8)[:, None]
    >>> X = np.sin(0.37 * i * (j + 1)) + 0.01 * i * j
    >>> round(self_similarity(X, n_null=0).value, 6)
    0.262698
    """
    paper = get_unit_preset(preset)
    if paper is not None:
        form = form if given(form) else paper.form
        X = _averaged(X, paper)
    matrix = as_matrix(X)
    form = check_choice("form", form, FORMS)
    if scale not in (None, "rms"):
        raise InvalidInputError("scale", "must be None or 'rms'", repr(scale))
    n_null = check_int("n_null", n_null, low=0)
    null = check_choice("null", null, _NULLS)
    seed = check_seed(random_state)
    n_jobs, limit = check_jobs(n_jobs), check_memory(memory_limit)
    watch = progress_for(progress, "self-similarity")
    n_thetas = _K if paper is None else paper.n_thetas
    if form == "correlation":
        n_thetas = _K_CORRELATION

    def measure(data: Any, draws: int) -> Any:
        rms = scale == "rms"
        return _core.self_similarity(data, form, rms, n_thetas, draws, seed, limit, n_jobs, watch)

    permuted = n_null if null == "permuted" else 0
    value, ends, theta, counts, dimension, window, values, degenerate = measure(matrix, permuted)
    if null == "gaussian" and n_null:
        values = np.array([measure(noise, 0)[0] for noise in _noise(X, n_null, seed)])
    n_samples, n_units = matrix.shape
    mean, sd = _mean_and_sd(values)
    dead, duplicate = degenerate
    return SelfSimilarity(
        value=value,
        theta_min=ends[0],
        theta_max=ends[1],
        theta=theta,
        counts=counts,
        dimension=dimension[0],
        dimension_error=dimension[1],
        window=window,
        null_mean=mean,
        null_sd=sd,
        z=(value - mean) / sd if sd > 0 else math.nan,
        dead_share=dead / n_units,
        duplicate_share=duplicate / n_units,
        n_units=n_units,
        n_samples=n_samples,
        settings=record(
            "self_similarity",
            form=form,
            scale=scale,
            n_null=n_null,
            null=null,
            preset=preset,
            random_state=seed,
        ),
        warnings=_warnings(value, n_units, ends, dead, duplicate),
    )


def unmeasured(n_units: int, n_samples: int, why: str) -> SelfSimilarity:
    """Return the result of a layer that was left out, and why in its warnings."""
    return SelfSimilarity(
        value=math.nan,
        theta_min=math.nan,
        theta_max=math.nan,
        theta=np.empty(0),
        counts=np.empty(0),
        dimension=math.nan,
        dimension_error=math.nan,
        window=(math.nan, math.nan),
        null_mean=math.nan,
        null_sd=math.nan,
        z=math.nan,
        dead_share=math.nan,
        duplicate_share=math.nan,
        n_units=n_units,
        n_samples=n_samples,
        settings=record("self_similarity"),
        warnings=(f"self_similarity is left out: {why}",),
    )


def _averaged(X: Any, paper: UnitPreset) -> Any:
    """Return (samples, units): all other axes averaged, as the paper has them."""
    array = as_array(X)
    layout = paper.layouts.get(len(array.shape))
    return array if layout is None else pool(array, layout=layout, how="mean")


def _mean_and_sd(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    if len(values) == 0:
        return math.nan, math.nan
    sd = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return float(values.mean()), sd


def _noise(X: Any, n_null: int, seed: int) -> Any:
    """Yield Gaussian layers of the same shape, mean and standard deviation."""
    wide = np.asarray(matrix_of(X), np.float64)
    mean, sd = float(wide.mean()), float(wide.std())
    for draw in range(n_null):
        yield np.random.default_rng([seed, draw]).normal(mean, sd, wide.shape)


def _warnings(
    value: float, n_units: int, ends: tuple[float, float], dead: int, duplicate: int
) -> tuple[str, ...]:
    found = []
    if math.isnan(value):
        if n_units < _FEWEST_UNITS:
            why = f"the layer has only {n_units} units, fewer than {_FEWEST_UNITS}"
        elif ends[0] == ends[1]:
            why = "all units lie at one distance from each other"
        else:
            why = "too few units differ"
        found.append(f"{why}, so the self-similarity is not defined")
    if dead:
        found.append(
            f"{dead} of {n_units} units are constant over the samples; where several have the same "
            "value, the smallest distance is 0"
        )
    if duplicate:
        found.append(f"{duplicate} of {n_units} units equal an earlier one")
    return tuple(found)
