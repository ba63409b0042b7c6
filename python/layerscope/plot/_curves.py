"""One number per layer, drawn over the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._style import (
    INK,
    MUTED,
    SHADE,
    SMALL,
    Floats,
    axes_or_new,
    axis_title,
    colour_of,
    floats,
    layer_axis,
    note_empty,
    size_of,
    title_of,
)
from layerscope.plot._text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["modularity_curve", "per_layer", "series", "standard_errors"]

#: Standard errors to either side of a 95 % interval of a mean, where no other interval is given.
NORMAL_95 = 1.96


def modularity_curve(curve: Any, ax: Axes | None = None) -> Axes:
    """Draw modularity over the layers, with its 95 % band, its bound and the null band.

    Parameters
    ----------
    curve : ModularityCurve
        What :func:`layerscope.modularity_curve` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    axes = axes_or_new(ax)
    value, bound = floats(curve.value), floats(curve.bound)
    mean, sd = floats(curve.null_mean), floats(curve.null_sd)
    low, high = floats(curve.low), floats(curve.high)
    layer_axis(axes, curve.layers)
    axis_title(axes, title_of("modularity"))
    if not np.isfinite(value).any():
        note_empty(axes, "modularity is not defined in any layer")
        return axes
    band(axes, mean - 2 * sd, mean + 2 * sd, SHADE, alpha=0.3)
    line(axes, mean, SHADE, width=0.8, marker=False)
    stretched(axes, bound)
    band(axes, low, high, colour_of("modularity"), alpha=0.2)
    _draws(axes, curve)
    line(axes, value, colour_of("modularity"))
    limits(axes, value, bound, mean - 2 * sd, low, high)
    _name_bound(axes, bound)
    _name_null(axes, value, mean, sd)
    name_last(axes, value, colour_of("modularity"))
    return axes


def per_layer(result: Any, ax: Axes | None = None) -> Axes:
    """Draw a measure that has one value per layer, with 95 % bars where it has standard errors.

    Parameters
    ----------
    result : PerLayer
        With ``measure``, ``layers``, ``value`` and the ``results`` of the layers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    """
    value, errors = floats(result.value), standard_errors(result)
    return series(
        result.layers,
        value,
        result.measure,
        low=value - NORMAL_95 * errors,
        high=value + NORMAL_95 * errors,
        ax=ax,
    )


def standard_errors(result: Any) -> Floats:
    """Return the standard error of each layer's value, NaN where the measure has none."""
    errors = floats([getattr(one, "standard_error", np.nan) for one in result.results])
    count = len(result.layers)
    return errors if len(errors) == count else np.full(count, np.nan)


def series(
    layers: Sequence[str],
    values: Any,
    measure: str,
    *,
    low: Any = None,
    high: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw any numbers over the layers.

    Parameters
    ----------
    layers : sequence of str
        The layers in order.
    values : array-like of length len(layers)
        NaN leaves a gap.
    measure : str
        It names the axis and chooses the colour.
    low, high : array-like, optional
        Ends of the bars.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    """
    axes = axes_or_new(ax)
    value = floats(values)
    colour = colour_of(measure)
    layer_axis(axes, layers)
    axis_title(axes, title_of(measure))
    if not np.isfinite(value).any():
        note_empty(axes)
        return axes
    ends: list[Floats] = []
    if low is not None and high is not None:
        ends = [floats(low), floats(high)]
        at = np.arange(len(layers))
        axes.vlines(at, ends[0], ends[1], color=colour, linewidth=1.4, alpha=0.55)
    line(axes, value, colour)
    limits(axes, value, *ends)
    if measure in {"label_agreement", "same_label_share"}:
        axes.set_ylim(0, 1.04)
    name_last(axes, value, colour)
    return axes


def line(axes: Axes, values: Floats, colour: str, *, width: float = 2.0, marker: bool = True,
         **more: Any) -> None:  # fmt: skip
    """Draw a line over the layers; the dots shrink when there are many."""
    count = len(values)
    size = 0.0 if not marker else float(np.clip(120 / count, 2.2, 4.6))
    axes.plot(
        np.arange(count), values, color=colour, linewidth=width, marker="o" if marker else "",
        markersize=size, markeredgewidth=0, solid_capstyle="round", **more,
    )  # fmt: skip


def band(axes: Axes, low: Floats, high: Floats, colour: str, *, alpha: float) -> None:
    """Shade between two curves; alone in its gap, a layer gets a bar."""
    known = np.isfinite(low) & np.isfinite(high)
    padded = np.concatenate(([False], known, [False]))
    lonely = known & ~padded[:-2] & ~padded[2:]
    at = np.arange(len(low))
    if (known & ~lonely).any():
        axes.fill_between(
            at, low, high, where=(known & ~lonely).tolist(), color=colour, alpha=alpha, linewidth=0
        )
    for layer in at[lonely]:
        side = 0.12
        axes.fill_between(
            [layer - side, layer + side],
            [low[layer]] * 2,
            [high[layer]] * 2,
            color=colour,
            alpha=alpha,
            linewidth=0,
        )


def stretched(axes: Axes, bound: Floats) -> None:
    """Draw the bound dashed; over one layer as a short stroke."""
    at = np.arange(len(bound), dtype=np.float64)
    if len(bound) == 1:
        at, bound = np.array([-0.4, 0.4]), np.repeat(bound, 2)
    axes.plot(at, bound, color=MUTED, linewidth=1.1, dashes=(4, 3))


def limits(axes: Axes, *curves: Floats) -> None:
    """Set the y axis from zero (or the lowest value) to above the highest."""
    together = np.concatenate(curves)
    known = together[np.isfinite(together)]
    low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
    extent = (high - low) or 1.0
    axes.set_ylim(low - (0.04 * extent if low < 0 else 0.0), high + 0.12 * extent)


def name_last(axes: Axes, values: Floats, colour: str) -> None:
    """Write the value of the last layer that has one beside its dot."""
    last = int(np.flatnonzero(np.isfinite(values))[-1])
    top = float(np.nanmax(np.abs(values)))
    digits = 2 if top < 10 else 1
    axes.annotate(
        number(float(values[last]), digits),
        (last, float(values[last])),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        fontweight="bold",
        color=colour,
        annotation_clip=False,
    )


def _draws(axes: Axes, curve: Any) -> None:
    """Draw mean and sd over subsamples as open circles with bars, where they were taken."""
    mean, sd = floats(curve.subsample_mean), floats(curve.subsample_sd)
    known = np.isfinite(mean)
    if not known.any() or np.array_equal(mean[known], floats(curve.value)[known]):
        return
    axes.errorbar(
        np.arange(len(mean)) + 0.12, mean, yerr=np.where(np.isfinite(sd), sd, 0.0), fmt="o",
        markersize=3.2, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.8,
        ecolor=INK, elinewidth=0.8,
    )  # fmt: skip


def _name_bound(axes: Axes, bound: Floats) -> None:
    known = np.flatnonzero(np.isfinite(bound))
    if not known.size:
        return
    first = int(known[0])
    equal = np.ptp(bound[known]) < 0.005
    axes.annotate(
        f"bound {number(float(bound[first]))}" if equal else "bound",
        (first if len(bound) > 1 else -0.4, float(bound[first])), xytext=(0, 3),
        textcoords="offset points", ha="left", va="bottom", fontsize=SMALL, color=MUTED,
    )  # fmt: skip


def _name_null(axes: Axes, value: Floats, mean: Floats, sd: Floats) -> None:
    """Name the null band at the end where the curve is further from it."""
    both = np.flatnonzero(np.isfinite(value) & np.isfinite(mean) & np.isfinite(sd))
    if not both.size:
        return
    first, last = int(both[0]), int(both[-1])
    distance = np.abs(value - mean)
    at_right = distance[last] >= distance[first]
    at = last if at_right else first
    low, high = axes.get_ylim()
    height = size_of(axes)[1]
    top = float(mean[at] + 2 * sd[at])
    below = value[at] < mean[at]
    bottom = float(mean[at] - 2 * sd[at])
    fits_below = (bottom - low) / (high - low) * height > 1.4 * SMALL
    side, y = ("top", bottom) if below and fits_below else ("bottom", top)
    align = "center" if first == last else ("right" if at_right else "left")
    axes.annotate(
        "permuted labels", (at, y), xytext=(0, 2 if side == "bottom" else -2),
        textcoords="offset points", ha=align, va=side, fontsize=SMALL, color=MUTED,
    )  # fmt: skip
