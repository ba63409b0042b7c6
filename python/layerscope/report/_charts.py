"""Which charts a report's page has, in which order, and what is said below each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope import plot
from layerscope.plot._classes import EXTREMES, MANY
from layerscope.plot._maps import map_height
from layerscope.plot._report import by_step, is_numeric, mapped, numbers, shown_alone
from layerscope.plot._style import floats, title_of
from layerscope.plot._text import readable
from layerscope.report._across import ACROSS, across_charts
from layerscope.report._boxes import box_charts
from layerscope.report._card import FEW, Card, card
from layerscope.report._communities import community_charts
from layerscope.report._remedies import degenerate_units, misleads

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["charts"]


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
_UNITS = "Whether the units lie about each other alike at every scale: 0 is a perfect power law."
_UNITS_BAND = (
    "The band is chance, two standard deviations to either side: the same responses, permuted unit "
    "by unit. Inside it a value says nothing about the layer."
)
#: Layers with many dead or duplicate units that are named.
_TOLD = 6
_CAPTIONS = {
    "self_similarity": _UNITS,
    "label_agreement": _AGREEMENT,
    "intrinsic_dimension": _DIMENSION,
    "hubness": _HUBNESS,
}
_HEADINGS = {
    "self_similarity": "Self-similarity of units",
    "modularity": "Modularity of the labels",
    "label_agreement": "Same-label agreement",
    "intrinsic_dimension": "Intrinsic dimension",
    "hubness": "Hubness",
}


def charts(report: Any) -> list[Card]:
    """Return the charts of a report, drawn."""
    return _of_run(report) if report.steps is not None else _of_stack(report)


def _of_stack(report: Any) -> list[Card]:
    drawn = []
    curve = report.results.get("modularity")
    if curve is not None:
        drawn.append(
            card("modularity", _heading("modularity"), _modularity_caption(curve),
                   partial(plot.modularity_curve, curve), floats(curve.value), wide=True)
        )  # fmt: skip
        drawn.append(
            card("classes", "Modularity by class", _class_caption(len(curve.per_class)),
                   partial(plot.per_class, curve), floats(curve.value))
        )  # fmt: skip
    for place, (name, result) in enumerate(report.results.items()):
        if name in ACROSS or name == "box_counts":
            continue
        caption = _CAPTIONS.get(name, "")
        if name == "self_similarity":
            draw = partial(plot.self_similarity_by_layer, result)
            values = floats(result.value)
            caption = _units_caption(result)
            drawn.append(card(f"measure-{place}", _heading(name), caption, draw, values))
        elif name != "modularity" and shown_alone(result):
            draw = partial(plot.per_layer, result)
            if np.isfinite(plot.standard_errors(result)).any():
                caption = f"{caption} Bars: 95 % intervals.".strip()
            drawn.append(
                card(f"measure-{place}", _heading(name), caption, draw, floats(result.value))
            )
        elif name != "modularity" and is_numeric(report, name):
            drawn.append(_of_column(f"measure-{place}", report, name))
    if "hubness" in report.table:
        drawn.append(_of_column("hubness", report, "hubness"))
    across = across_charts(report.results, len(report.layers))
    return [
        *drawn,
        *box_charts(report.results),
        *community_charts(report.results),
        *across,
    ]


def _of_run(report: Any) -> list[Card]:
    layers, steps = report.layers, report.steps
    known = mapped(report)
    values = {measure: by_step(report, measure) for measure in known}
    curves: list[Card] = []
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
            card(f"curves-{place}", heading, caption, draw, values[measure], wide=place == 0)
        )
    maps = [
        card(f"map-{place}", f"{_heading(measure)}: layer by checkpoint",
               _MODULARITY if measure == "modularity" else _CAPTIONS.get(measure, _ROWS),
               partial(_map, (values[measure], layers, steps), measure), values[measure],
               height=map_height(len(layers)), fits=max(len(layers), len(steps)) <= FEW)
        for place, measure in enumerate(known)
    ]  # fmt: skip
    last = report.results.get("modularity", {}).get(steps[-1])
    detail = []
    if last is not None:
        detail = [
            card("last", "Modularity at the last checkpoint", _modularity_caption(last),
                   partial(plot.modularity_curve, last), floats(last.value)),
            card("classes", "Modularity by class, last checkpoint",
                   _class_caption(len(last.per_class)), partial(plot.per_class, last),
                   floats(last.value)),
        ]  # fmt: skip
    latest = {
        name: over_steps[steps[-1]]
        for name, over_steps in report.results.items()
        if name in (*ACROSS, "communities", "box_counts")
    }
    chain = box_charts(latest, ", last checkpoint")
    chain += community_charts(latest, ", last checkpoint")
    chain += across_charts(latest, len(layers), ", last checkpoint")
    return [*curves[:1], *maps, *detail, *chain, *curves[1:]]


def _heading(measure: str) -> str:
    return _HEADINGS.get(measure, title_of(measure))


def _of_column(key: str, report: Any, column: str) -> Card:
    values = numbers(report.table[column])

    def draw(ax: Axes) -> None:
        plot.series(report.layers, values, column, ax=ax)

    return card(key, _heading(column), _CAPTIONS.get(column, ""), draw, values)


def _step_curves(where: tuple[Any, Any, Any], measure: str, bound: Any, ax: Axes) -> None:
    plot.step_curves(*where, measure, bound=bound, ax=ax)


def _map(where: tuple[Any, Any, Any], measure: str, ax: Axes) -> None:
    plot.layer_step_map(*where, "", ax, measure=measure)


def _units_caption(found: Any) -> str:
    """Say what the band is, and of which layers it says too much."""
    misled = {
        readable(name): (one.dead_share, one.duplicate_share)
        for name, one in zip(found.layers, found.results, strict=True)
        if np.isfinite(one.null_mean) and misleads(one.dead_share, one.duplicate_share)
    }
    if not misled:
        return f"{_UNITS} {_UNITS_BAND}"
    named = ", ".join(list(misled)[:_TOLD])
    more = f" and {len(misled) - _TOLD} more" if len(misled) > _TOLD else ""
    return (
        f"{_UNITS} {_UNITS_BAND} That does not hold where over 10 % of the units are dead "
        f"or duplicates ({named}{more}): {degenerate_units(misled.values())}."
    )


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
