"""One card of the page: a heading, a caption, a chart, and what a reader may choose in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._style import HEIGHT, WIDTH
from layerscope.report._choices import Picker
from layerscope.report._svg import Box, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Card", "card"]

#: The first chart spans the page; there its letters are as large as in the small ones.
WIDE, WIDE_HEIGHT = 740.0, 262.0


#: Maps of at most this many layers are drawn so narrow that a telephone shows them whole, with
#: letters of 11 pixels. The numbers of more layers would not fit into their cells.
FEW = 6
FIT = 255.0


@dataclass(frozen=True)
class Card:
    """One card of the page.

    Attributes
    ----------
    heading, caption : str
        In words.
    narrow : Markup or None
        The chart as SVG, for a card of half the page or a telephone; None without any value.
    wide : Markup or None
        Drawn again for the whole width of a large screen.
    picker : Picker or None
        What can be chosen; a card with one has the width of the page.
    fits : bool
        Whether a telephone shows the chart whole; others slide sideways in their card.
    """

    heading: str
    caption: str
    narrow: Any
    wide: Any = None
    picker: Picker | None = None
    fits: bool = False


def card(
    key: str,
    heading: str,
    caption: str,
    draw: Callable[[Axes], object],
    values: Any,
    *,
    wide: bool = False,
    height: float = HEIGHT,
    wide_height: float = WIDE_HEIGHT,
    over: Callable[[Axes, Box], str] | None = None,
    picker: Picker | None = None,
    fits: bool = False,
) -> Card:
    """Draw a card; without any value it says so instead."""
    from markupsafe import Markup

    if not np.isfinite(values).any():
        return Card(heading, "No layer has a value; the warnings say why.", None)
    label = f"Chart: {heading}. {caption}"
    # Every piece of text in the SVG was escaped when it was written as XML.
    width, height = (FIT, FIT / WIDTH * height) if fits else (WIDTH, height)
    narrow = Markup(inline_svg(draw, key, width=width, height=height, label=label, over=over))
    broad = None
    if wide:
        drawn = inline_svg(draw, f"{key}-wide", width=WIDE, height=wide_height, label=label)
        broad = Markup(drawn)
    return Card(heading, caption, narrow, broad, picker, fits)
