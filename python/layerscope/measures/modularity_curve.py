"""The modularity curve: how does class structure grow over the layers of a stack?

The modularity of every layer on the same rows, with errors that may be compared: between two layers
the paired jackknife of :mod:`layerscope.measures._jackknife` is the judge. Neighbours are sought
once per layer, a little deeper than k: the first k kept entries of a row are its neighbours among
the kept rows, so that leaving rows out costs no new search.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import encode_labels
from layerscope._result import Result, StackResult
from layerscope._settings import (
    METRIC,
    N_NEIGHBORS,
    WEIGHT,
    DefaultInt,
    MemoryLimit,
    Progress,
)
from layerscope.activations import Activations, as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer
from layerscope.measures import _jackknife
from layerscope.measures._curve_layer import check_draws, subsample_values, values_without_groups
from layerscope.measures._labelled import matrix_of
from layerscope.measures._modularity import Modularity, score
from layerscope.measures._modularity_arcs import arcs_of
from layerscope.measures._modularity_plan import check_plan
from layerscope.measures._per_layer import layer_index, layer_warnings
from layerscope.neighbours import Neighbors

__all__ = ["Difference", "ModularityCurve", "modularity_curve"]

_NO_SUBSAMPLES = DefaultInt(0)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Difference(Result):
    """How much larger the modularity of one layer is than that of another, on the same rows.

    Attributes
    ----------
    value : float
        Modularity of the second layer minus that of the first.
    standard_error, low, high : float
        By the paired delete-group jackknife; ``low`` to ``high`` is the 95 % interval.
    """

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ModularityCurve(StackResult):
    """Modularity of labels per layer; ``curve[name]`` is the :class:`Modularity` of one layer.

    Attributes
    ----------
    value, bound, ratio, same_label_share : ndarray of float64, shape (L,)
        On all rows, as in :class:`Modularity`.
    standard_error, low, high : ndarray of float64, shape (L,)
        Of ``value``, by the delete-group jackknife; ``low`` to ``high`` is the 95 % interval. NaN
        without one.
    null_mean, null_sd, z : ndarray of float64, shape (L,)
        Over permuted labels; the same permutations in every layer.
    subsample_mean, subsample_sd : ndarray of float64, shape (L,)
        Over seeded draws of ``subsample_size`` rows, the same rows in every layer; NaN without.
        Under a paper's preset the mean is the number that the paper reports.
    n_zero_rows, n_negative_edges : ndarray of int64, shape (L,)
        Counts, as in :class:`Modularity`.
    per_class : dict
        Label -> its term in every layer, ndarray of shape (L,).
    results : tuple of Modularity
        The result of each layer.
    """

    value: npt.NDArray[np.float64]
    bound: npt.NDArray[np.float64]
    ratio: npt.NDArray[np.float64]
    same_label_share: npt.NDArray[np.float64]
    standard_error: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    null_mean: npt.NDArray[np.float64]
    null_sd: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]
    subsample_mean: npt.NDArray[np.float64]
    subsample_sd: npt.NDArray[np.float64]
    n_zero_rows: npt.NDArray[np.int64]
    n_negative_edges: npt.NDArray[np.int64]
    per_class: dict[Hashable, npt.NDArray[np.float64]]
    results: tuple[Modularity, ...]
    # Values without each group, shape (L, 20), and the group of each row.
    _thetas: npt.NDArray[np.float64]
    _groups: npt.NDArray[np.uint32]

    def __getitem__(self, layer: str) -> Modularity:
        return self.results[layer_index(self.layers, layer)]

    def difference(self, a: str, b: str, other: ModularityCurve | None = None) -> Difference:
        """Return how much larger the modularity of layer ``b`` is than that of layer ``a``.

        Parameters
        ----------
        a, b : str
            Names of layers.
        other : ModularityCurve, optional
            Where layer ``a`` is taken from, this curve by default: another checkpoint on the same
            rows, labels and seed.

        Returns
        -------
        Difference
            NaN errors where one of the layers has none.

        Raises
        ------
        InvalidInputError
            For an unknown layer, or a curve of other rows.

        Examples
        --------
        >>> import numpy as np
        >>> from layerscope import modularity_curve
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(60) % 2
        >>> X = rng.normal(size=(60, 4))
        >>> curve = modularity_curve({"early": X, "late": X + 3 * labels[:, None]}, labels)
        >>> bool(curve.difference("early", "late").low > 0)
        True
        """
        first = self if other is None else other
        if not isinstance(first, ModularityCurve):
            raise InvalidTypeError("other", "must be a modularity curve", type(other).__name__)
        if not np.array_equal(first._groups, self._groups):
            rule = "must be a curve of the same rows, labels and random_state"
            raise InvalidInputError("other", rule, f"{first._groups.size} other rows")
        from_layer = layer_index(first.layers, a, "a")
        to_layer = layer_index(self.layers, b, "b")
        value = self.value[to_layer] - first.value[from_layer]
        error = _jackknife.standard_errors(self._thetas[to_layer] - first._thetas[from_layer])
        low, high = _jackknife.interval(value, error)
        return Difference(
            value=float(value),
            standard_error=float(error),
            low=float(low),
            high=float(high),
            settings={**self.settings, "function": "modularity_curve.difference", "a": a, "b": b},
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve with its bound, its interval and the null.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.modularity_curve(self, ax)


def modularity_curve(
    stack: Any,
    labels: Any = None,
    *,
    n_subsamples: int = _NO_SUBSAMPLES,
    subsample_size: int | None = None,
    jackknife: bool = True,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    weight: str = WEIGHT,
    resolution: float = 1.0,
    directed: bool = False,
    n_permutations: int = 100,
    preset: str | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> ModularityCurve:
    """Measure the modularity of labels in every layer of a stack, with comparable errors.

    Parameters
    ----------
    stack : Activations or mapping of str to array-like or Neighbors
        The layers in order, all of the same samples. Neighbours deeper than ``n_neighbors`` (by
        about as many again) let the jackknife run without the activations.
    labels : sequence of length n_samples
        The class of each row; may be left out for Activations that carry labels.
    n_subsamples : int, default 0
        Seeded draws behind ``subsample_mean`` and ``subsample_sd``; 5 under ``"eccv2022"``.
    subsample_size : int, optional
        Rows in each draw; by default 500, or all where there are fewer.
    jackknife : bool, default True
        Whether to compute standard errors; needs 40 rows and two classes.
    n_neighbors, metric, weight, resolution, directed, n_permutations, preset, random_state
        As in :func:`modularity`, for every layer.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that each search may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    ModularityCurve
        One entry per layer; ``.difference(a, b)`` compares two layers.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For wrong labels, settings or layers; the message names the layer and the argument.

    Notes
    -----
    One search per layer, for 2k + 10 neighbours where errors are wanted; the jackknife adds
    twenty times O(n k), each permutation O(n k). ``value`` is computed on all rows, under a
    preset too; the paper's mean over batches is ``subsample_mean``. The standard error is that
    of the value expected at this number of rows; the value itself depends on n and k.

    References
    ----------
    Lu et al., ECCV 2022, arXiv 2111.12485; for the delete-group jackknife
    Kott, Journal of
    Official Statistics 17, 521 (2001).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import modularity_curve
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(90) % 3
    >>> noise = rng.normal(size=(90, 3))
    >>> stack = {f"layer{depth}": noise + depth * np.eye(3)[labels] for depth in range(3)}
    >>> curve = modularity_curve(stack, labels, n_neighbors=5)
    >>> curve.layers
    ('layer0', 'layer1', 'layer2')
    >>> bool(curve.value[0] < curve.value[1] < curve.value[2])
    True
    """
    plan = check_plan(
        n_neighbors=n_neighbors,
        metric=metric,
        weight=weight,
        resolution=resolution,
        directed=directed,
        n_permutations=n_permutations,
        preset=preset,
        random_state=random_state,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
    if not isinstance(jackknife, bool | np.bool_):
        raise InvalidTypeError("jackknife", "must be True or False", repr(jackknife))
    layers = as_stack(stack)
    if labels is None and isinstance(stack, Activations):
        labels = stack.labels
    n = _n_rows(next(iter(layers.values())))
    coded = encode_labels(labels, n)
    draws = check_draws(n_subsamples, subsample_size, n, plan)
    doubts = _doubts(n, len(coded[1])) if jackknife else ()
    groups = _jackknife.groups_for(coded, plan.random_state)
    results: dict[str, Modularity] = {}
    thetas, subsamples, warnings = [], [], [*doubts, *draws.doubts(n)]
    for name, layer in layers.items():
        with in_layer(name):
            source = layer if isinstance(layer, Neighbors) else matrix_of(layer)
            errors_wanted = jackknife and not doubts
            # A row loses one neighbour in twenty to the group that is left out; twice as many and
            # ten more leave practically no row short.
            arcs = arcs_of(source, plan, spare=plan.n_neighbors + 10 if errors_wanted else 0)
            results[name] = score(arcs, coded, plan)
            without = np.full(_jackknife.GROUPS, np.nan)
            said: tuple[str, ...] = ()
            if errors_wanted:
                without, said = values_without_groups(source, arcs, coded, groups, plan)
            values, said_too = subsample_values(source, coded, draws, plan)
        thetas.append(without)
        subsamples.append(values)
        warnings += [f"layer {name!r}: {sentence}" for sentence in (*said, *said_too)]
    first = next(iter(results.values())).settings
    settings = plan.settings(
        "modularity_curve",
        n_neighbors=first["n_neighbors"],
        metric=first["metric"],
        weight=first["weight"],
        n_subsamples=draws.count,
        subsample_size=draws.size,
        jackknife=bool(jackknife),
    )
    return _curve(
        results,
        thetas=np.array(thetas),
        subsamples=np.array(subsamples),
        groups=groups,
        settings=settings,
        warnings=(*layer_warnings(results), *warnings),
    )


def _n_rows(layer: Any) -> int:
    return layer.n_samples if isinstance(layer, Neighbors) else int(layer.shape[0])


def _doubts(n: int, n_classes: int) -> tuple[str, ...]:
    """Say why no jackknife can be had."""
    if n < _jackknife.FEWEST_ROWS:
        few = f"{n} rows, fewer than {_jackknife.FEWEST_ROWS}"
    elif n_classes < 2:
        few = "only one class"
    else:
        return ()
    return (f"no jackknife with {few}, so errors are NaN",)


def _curve(
    results: dict[str, Modularity],
    *,
    thetas: npt.NDArray[np.float64],
    subsamples: npt.NDArray[np.float64],
    groups: npt.NDArray[np.uint32],
    settings: dict[str, Any],
    warnings: tuple[str, ...],
) -> ModularityCurve:
    found = tuple(results.values())

    def column(field: str) -> npt.NDArray[Any]:
        return np.array([getattr(result, field) for result in found])

    value = column("value")
    errors = _jackknife.standard_errors(thetas)
    low, high = _jackknife.interval(value, errors)
    per_class = {
        label: np.array([result.per_class[label] for result in found])
        for label in found[0].per_class
    }
    for terms in per_class.values():
        terms.setflags(write=False)
    unknown = np.full(len(found), np.nan)
    return ModularityCurve(
        layers=tuple(results),
        value=value,
        bound=column("bound"),
        ratio=column("ratio"),
        same_label_share=column("same_label_share"),
        standard_error=errors,
        low=low,
        high=high,
        null_mean=column("null_mean"),
        null_sd=column("null_sd"),
        z=column("z"),
        subsample_mean=subsamples.mean(axis=1) if subsamples.shape[1] > 0 else unknown.copy(),
        subsample_sd=subsamples.std(axis=1, ddof=1) if subsamples.shape[1] > 1 else unknown.copy(),
        n_zero_rows=column("n_zero_rows"),
        n_negative_edges=column("n_negative_edges"),
        per_class=per_class,
        results=found,
        settings=settings,
        warnings=warnings,
        _thetas=thetas,
        _groups=groups,
    )
