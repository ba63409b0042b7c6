"""Charts in which a reader chooses what is shown, without any script.

The chart itself is the first choice: it is what is printed, and what an old browser shows. Every
other choice is a layer over it that the page's style shows while the right buttons are pressed.
Buttons are radio inputs, so that arrow keys move along them like along a slider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._maps import BAR_ENDS, NO_VALUE, cell_texts, ink_on
from layerscope.plot._style import SMALL, Floats
from layerscope.plot._text import number, readable
from layerscope.report._png import png_address
from layerscope.report._svg import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Choice", "Note", "Picker", "over_cells", "styles", "tips"]

#: More cells than this tell nothing under the pointer: they would weigh megabytes.
_MOST_TIPS = 140**2

_SHADES = 128  # colours of a map; a palette of them takes 384 bytes


@dataclass(frozen=True)
class Choice:
    """One row of buttons, of which one is pressed.

    Attributes
    ----------
    kind : str
        ``"f"`` for forms, shown as buttons, ``"k"`` for numbers, shown as a slider.
    legend : str
        What is chosen.
    options : sequence of str
        What stands at the buttons.
    first : int
        The one that is pressed on an untouched page.
    """

    kind: str
    legend: str
    options: Sequence[str]
    first: int = 0


@dataclass(frozen=True)
class Note:
    """A sentence that is shown while its buttons are pressed."""

    mark: str
    text: str
    first: bool


@dataclass(frozen=True)
class Picker:
    """The buttons beside a chart and what is said for each choice.

    Attributes
    ----------
    key : str
        Unique within the page.
    forms, numbers : Choice
        A choice of one option is not shown.
    notes : sequence of Note
        In order.
    """

    key: str
    forms: Choice
    numbers: Choice
    notes: Sequence[Note] = ()

    @property
    def groups(self) -> list[Choice]:
        """Both choices."""
        return [self.forms, self.numbers]


def styles(pickers: Sequence[Picker]) -> list[str]:
    """Return the selectors of all that is to be shown, whichever buttons are pressed."""
    n_forms = max((len(picker.forms.options) for picker in pickers), default=0)
    n_numbers = max((len(picker.numbers.options) for picker in pickers), default=0)
    forms = [f".pick:has(.cf{form}:checked)" for form in range(n_forms)]
    numbers = [f":has(.ck{place}:checked)" for place in range(n_numbers)]
    return [
        *(f"{pressed} .f{form}" for form, pressed in enumerate(forms)),
        *(f".pick{pressed} .k{place}" for place, pressed in enumerate(numbers)),
        *(
            f"{one}{other} .f{form}k{place}"
            for form, one in enumerate(forms)
            for place, other in enumerate(numbers)
        ),
    ]


def over_cells(
    matrices: Mapping[str, Floats],
    shades: Any,
    tip: Callable[[int, int], str],
    extents: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> Callable[[Axes, Box], str]:
    """Return what draws the other choices over a map whose colours go from 0 to 1.

    Parameters
    ----------
    matrices : mapping of str to ndarray
        Mark, such as ``f1k3``, -> values; NaN has no colour.
    shades : Colormap
        That of the map.
    tip : callable
        (row, column) -> what the pointer tells there.
    extents : mapping of str to tuple of float
        Mark -> values of the palest and the darkest colour, where these are not 0 and 1; the bar
        beside the map is then numbered anew.
    """

    def one(mark: str, matrix: Floats, box: Box, size: float | None) -> str:
        extent = extents.get(mark)
        low, high = extent or (0.0, 1.0)
        height = (matrix - low) / (high - low)  # on the ramp of colours
        parts = [_image(height, shades, box)]
        if size is not None:
            parts.append("".join(_row_texts(matrix, height, shades, box, size)))
        if extent is not None:
            parts.append(_bar(extent, box))
        return f'<g class="of {mark}">{"".join(parts)}</g>'

    def over(axes: Axes, box: Box) -> str:
        size = float(axes.texts[0].get_fontsize()) if axes.texts else None
        drawn = [one(mark, matrix, box, size) for mark, matrix in matrices.items()]
        shape = next(iter(matrices.values())).shape if matrices else axes.images[0].get_size()
        return "".join(drawn) + tips(np.ones(shape, dtype=bool), tip, box)

    return over


def tips(known: Any, tip: Callable[[int, int], str], box: Box) -> str:
    """Return cells without colour over a map that tell what is under the pointer."""
    from markupsafe import escape

    rows, columns = known.shape
    if np.count_nonzero(known) > _MOST_TIPS:
        return ""
    scale = f"translate({box.left:.2f} {box.top:.2f})"
    scale += f"scale({box.width / columns:.4f} {box.height / rows:.4f})"
    cells = "".join(
        f'<rect x="{column}" y="{row}"><title>{escape(readable(tip(row, column)))}</title></rect>'
        for row, column in np.argwhere(known).tolist()
    )
    return f'<g class="tips" transform="{scale}">{cells}</g>'


def _image(matrix: Floats, shades: Any, box: Box) -> str:
    numbers = np.round(np.clip(np.nan_to_num(matrix), 0, 1) * (_SHADES - 1)).astype(np.uint8)
    numbers[~np.isfinite(matrix)] = _SHADES
    ramp = np.round(255 * shades(np.linspace(0, 1, _SHADES))[:, :3]).astype(int).tolist()
    colours = [(red, green, blue) for red, green, blue in ramp]
    grey = tuple(bytes.fromhex(NO_VALUE[1:]))
    return (
        f'<image x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" '
        f'height="{box.height:.2f}" preserveAspectRatio="none" '
        f'href="{png_address(numbers, [*colours, (grey[0], grey[1], grey[2])])}"/>'
    )


def _bar(extent: tuple[float, float], box: Box) -> str:
    """Cover the numbers of the bar beside the map and write those of another extent."""
    low, high = extent
    left = box.left + BAR_ENDS * box.width + 0.5
    numbers = "".join(
        f'<text class="b" x="{left + 3.5:.1f}" y="{box.top + share * box.height + 3:.1f}" '
        f'font-size="{SMALL}">{number(high - share * (high - low))}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    return (
        f'<rect fill="#fff" x="{left:.1f}" y="{box.top - 8:.1f}" width="25" '
        f'height="{box.height + 16:.1f}"/>{numbers}'
    )


def _row_texts(matrix: Floats, height: Floats, shades: Any, box: Box, size: float) -> Iterator[str]:
    rows, columns = matrix.shape
    wide, high = box.width / columns, box.height / rows
    white = ' class="w"'
    spans: dict[int, list[str]] = {}
    for (row, column), text in cell_texts(matrix).items():
        pale = ink_on(shades(float(np.clip(height[row, column], 0, 1)))) == "white"
        middle = box.left + (column + 0.5) * wide
        spans.setdefault(row, []).append(
            f'<tspan x="{middle:.1f}"{white if pale else ""}>{text}</tspan>'
        )
    for row, inside in spans.items():
        base = box.top + (row + 0.5) * high + 0.35 * size
        yield f'<text y="{base:.1f}" font-size="{size:.1f}">{"".join(inside)}</text>'
