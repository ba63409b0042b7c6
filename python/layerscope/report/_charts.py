"""Which charts a report's page has, in which order, and what is said below each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope import plot
from layerscope.plot._classes import EXTREMES, MANY
from layerscope.plot._maps import map_height
from layerscope.plot._report import by_step, is_numeric, mapped, numbers, shown_alone
from layerscope.plot._style import HEIGHT, WIDTH, floats, title_of
from layerscope.report._svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Chart", "charts"]

#: Measures of pairs of layers; they have charts of their own.
PERSISTENCE = ("nnts", "nntp")

#: The first chart spans the page; there its letters are as large as in the small ones.
WIDE, WIDE_HEIGHT = 740.0, 262.0

_AGREEMENT = (
    "Mean share of a sample's nearest neighbours that have its label. One means that the classes "
    "are apart, whatever their shape."
)
_ROWS = "Rows are layers, the first on top; columns are checkpoints."
_MODULARITY = f"How far neighbours share labels beyond chance. {_ROWS}"
_DIMENSION = (
    "How many directions the data locally spread in, from the ratio of the distances to the first "
    "two neighbours."
)
_HUBNESS = (
    "Above zero, a few samples are neighbours of very many others. Distances then say less, which "
    "is common in many dimensions."
)
_CAPTIONS = {
    "label_agreement": _AGREEMENT,
    "intrinsic_dimension": _DIMENSION,
    "hubness": _HUBNESS,
}
_HEADINGS = {
    "modularity": "Modularity of the labels",
    "label_agreement": "Same-label agreement",
    "intrinsic_dimension": "Intrinsic dimension",
    "hubness": "Hubness",
}


@dataclass(frozen=True)
class Chart:
    """One card of the page.

    Attributes
    ----------
    heading, caption : str
        In words.
    narrow : Markup or None
        The chart as SVG, for a card of half the page or a telephone; None without any value.
    wide : Markup or None
        Drawn again for the whole width of a large screen.
    """

    heading: str
    caption: str
    narrow: Any
    wide: Any = None


def charts(report: Any) -> list[Chart]:
    """Return the charts of a report, drawn."""
    return _of_run(report) if report.steps is not None else _of_stack(report)


def _chart(
    key: str,
    heading: str,
    caption: str,
    draw: Callable[[Axes], object],
    values: Any,
    *,
    wide: bool = False,
    height: float = HEIGHT,
) -> Chart:
    from markupsafe import Markup

    if not np.isfinite(values).any():
        return Chart(heading, "No layer has a value; the warnings say why.", None)
    label = f"Chart: {heading}. {caption}"
    # Every piece of text in the SVG was escaped when it was written as XML.
    narrow = Markup(inline_svg(draw, key, width=WIDTH, height=height, label=label))
    broad = None
    if wide:
        drawn = inline_svg(draw, f"{key}-wide", width=WIDE, height=WIDE_HEIGHT, label=label)
        broad = Markup(drawn)
    return Chart(heading, caption, narrow, broad)


def _of_stack(report: Any) -> list[Chart]:
    drawn = []
    curve = report.results.get("modularity")
    if curve is not None:
        drawn.append(
            _chart("modularity", _heading("modularity"), _modularity_caption(curve),
                   partial(plot.modularity_curve, curve), floats(curve.value), wide=True)
        )  # fmt: skip
        drawn.append(
            _chart("classes", "Modularity by class", _class_caption(len(curve.per_class)),
                   partial(plot.per_class, curve), floats(curve.value))
        )  # fmt: skip
    for place, (name, result) in enumerate(report.results.items()):
        if name in PERSISTENCE:
            continue
        caption = _CAPTIONS.get(name, "")
        if name != "modularity" and shown_alone(result):
            draw = partial(plot.per_layer, result)
            if np.isfinite(plot.standard_errors(result)).any():
                caption = f"{caption} Bars: 95 % intervals.".strip()
            drawn.append(
                _chart(f"measure-{place}", _heading(name), caption, draw, floats(result.value))
            )
        elif name != "modularity" and is_numeric(report, name):
            drawn.append(_of_column(f"measure-{place}", report, name))
    if "hubness" in report.table:
        drawn.append(_of_column("hubness", report, "hubness"))
    return [*drawn, *persistence_charts(report.results, len(report.layers))]


def _of_run(report: Any) -> list[Chart]:
    layers, steps = report.layers, report.steps
    known = mapped(report)
    values = {measure: by_step(report, measure) for measure in known}
    curves: list[Chart] = []
    for place, measure in enumerate(known):
        if measure == "hubness":  # its curves cross too much to be read; the map shows it
            continue
        bound = None
        if measure == "modularity" and "bound" in report.table:
            bound = by_step(report, "bound")[:, -1]
        caption = "One line per checkpoint, from pale (first) to dark (last)."
        if measure == "modularity":
            caption += " Dashed: the bound at the last checkpoint."
        where = (values[measure], layers, steps)
        draw = partial(_step_curves, where, measure, bound)
        heading = f"{_heading(measure)} through training"
        curves.append(
            _chart(f"curves-{place}", heading, caption, draw, values[measure], wide=place == 0)
        )
    maps = [
        _chart(f"map-{place}", f"{_heading(measure)}: layer by checkpoint",
               _MODULARITY if measure == "modularity" else _CAPTIONS.get(measure, _ROWS),
               partial(_map, (values[measure], layers, steps), measure), values[measure],
               height=map_height(len(layers)))
        for place, measure in enumerate(known)
    ]  # fmt: skip
    last = report.results.get("modularity", {}).get(steps[-1])
    detail = []
    if last is not None:
        detail = [
            _chart("last", "Modularity at the last checkpoint", _modularity_caption(last),
                   partial(plot.modularity_curve, last), floats(last.value)),
            _chart("classes", "Modularity by class, last checkpoint",
                   _class_caption(len(last.per_class)), partial(plot.per_class, last),
                   floats(last.value)),
        ]  # fmt: skip
    latest = {
        name: over_steps[steps[-1]]
        for name, over_steps in report.results.items()
        if name in PERSISTENCE
    }
    chain = persistence_charts(latest, len(layers), ", last checkpoint")
    return [*curves[:1], *maps, *detail, *chain, *curves[1:]]


def persistence_charts(results: Mapping[str, Any], n_layers: int, where: str = "") -> list[Chart]:
    """Return the charts of neighbourhoods along the chain of layers, if there is a chain."""
    drawn = []
    height = map_height(n_layers) + 20
    similarity, runs = results.get("nnts"), results.get("nntp")
    if similarity is not None and n_layers > 1:
        caption = (
            f"Share of common neighbours among the {similarity.ks[-1]} nearest (Jaccard, mean over "
            f"samples); unrelated layers would have {similarity.chance:.2g}."
        )
        drawn.append(
            _chart("nnts", f"Similarity of neighbourhoods{where}", caption,
                   partial(plot.nnts, similarity), similarity.matrix, height=height)
        )  # fmt: skip
    if runs is not None and n_layers > 1:
        drawn.append(
            _chart("nntp", f"Persistence of neighbour pairs{where}",
                   "Runs of pairs by their first layer (row) and last layer (column): the diagonal "
                   "holds transient pairs, the corner those that last from end to end.",
                   partial(plot.nntp, runs), runs.counts, height=height)
        )  # fmt: skip
        drawn.append(
            _chart("turnover", f"Births and deaths of neighbour pairs{where}",
                   "Which share of a layer's pairs is new, which is gone in the next layer, and "
                   "which is in this layer alone.",
                   partial(plot.turnover, runs), runs.transient_share)
        )  # fmt: skip
    return drawn


def _heading(measure: str) -> str:
    return _HEADINGS.get(measure, title_of(measure))


def _of_column(key: str, report: Any, column: str) -> Chart:
    values = numbers(report.table[column])

    def draw(ax: Axes) -> None:
        plot.series(report.layers, values, column, ax=ax)

    return _chart(key, _heading(column), _CAPTIONS.get(column, ""), draw, values)


def _step_curves(where: tuple[Any, Any, Any], measure: str, bound: Any, ax: Axes) -> None:
    plot.step_curves(*where, measure, bound=bound, ax=ax)


def _map(where: tuple[Any, Any, Any], measure: str, ax: Axes) -> None:
    plot.layer_step_map(*where, "", ax, measure=measure)


def _modularity_caption(curve: Any) -> str:
    parts = ["How far neighbours share labels beyond chance."]
    if np.isfinite(floats(curve.low)).any():
        parts.append("Shaded blue: 95 % interval, from a jackknife over groups of samples.")
    parts.append("Dashed: the highest value that these classes allow.")
    if np.isfinite(floats(curve.null_sd)).any():
        parts.append("Grey: modularity of permuted labels, two standard deviations to each side.")
    mean = floats(curve.subsample_mean)
    if np.isfinite(mean).any() and not np.array_equal(mean, floats(curve.value), equal_nan=True):
        parts.append("Circles: mean and standard deviation over subsamples.")
    return " ".join(parts)


def _class_caption(n_classes: int) -> str:
    if n_classes <= MANY:
        return "What each class adds; the terms of a layer add up to its modularity."
    return (
        f"What each of the {n_classes} classes adds. Black: the median class; dark grey: the "
        f"middle half; pale grey: the middle four fifths. Lines: the {EXTREMES} highest (blue) and "
        f"the {EXTREMES} lowest (orange) in the last layer."
    )
