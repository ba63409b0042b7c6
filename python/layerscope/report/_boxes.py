"""The chart of box counts: the curves of all layers, and which of them support a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from layerscope import plot
from layerscope.plot._style import floats
from layerscope.plot._text import number, readable
from layerscope.report._card import Card, card
from layerscope.report._remedies import INSTEAD_OF_STEPS

__all__ = ["box_charts"]

_WHAT = (
    "How many boxes cover each layer's neighbour graph; in a box all samples are fewer than l_B "
    "steps apart. A fractal graph gives a straight line. Filled marks: sizes that count towards "
    "one, from 2 on with at least 5 boxes; hollow marks do not count."
)
#: Layers whose dimension is told in words.
_TOLD = 6


def box_charts(results: Mapping[str, Any], where: str = "") -> list[Card]:
    """Return the chart of box counts, if they were asked for.

    Parameters
    ----------
    results : mapping
        Results by measure.
    where : str
        Put behind the heading.
    """
    found = results.get("box_counts")
    if found is None:
        return []
    caption = f"{_WHAT} {_dimensions(found)}"
    draw = partial(plot.box_counts_by_layer, found)
    first = floats(found.results[0].counts)
    return [card("boxes", f"Box counts{where}", caption, draw, first)]


def _dimensions(found: Any) -> str:
    """Say which layers support a dimension, and what there is instead where none does."""
    pairs = list(zip(found.layers, found.results, strict=True))
    known = [(name, one) for name, one in pairs if one.supported]
    if not known:
        most = max(one.n_sizes for _, one in pairs)
        return (
            f"No dimension is supported: at most {most} sizes count, fewer than 6, since graphs "
            f"of neighbours have small diameters. {INSTEAD_OF_STEPS}"
        )
    told = "; ".join(
        f"{readable(name)} {number(one.value)} ± {number(one.standard_error)}"
        + (" (an exponential law fits as well)" if one.ratio >= 1 else "")
        for name, one in known[:_TOLD]
    )
    more = f" and {len(known) - _TOLD} more, in the table" if len(known) > _TOLD else ""
    refused = len(pairs) - len(known)
    rest = ""
    if refused:
        layers = "layer" if refused == 1 else "layers"
        rest = f" In {refused} {layers} fewer than 6 sizes count: no dimension. {INSTEAD_OF_STEPS}"
    return f"Dimension and its standard error: {told}{more}.{rest}"
