"""A matplotlib figure as SVG that can stand among others inside one HTML page."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as Tree

from layerscope.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Box", "inline_svg"]

#: matplotlib's settings are one dictionary for the whole process: while we borrow them for a
#: picture and give them back, no other thread of ours may do the same.
_SETTINGS = threading.Lock()

_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"\d+\.\d{3,}")
#: Attributes of geometry, in which a hundredth of a point is enough.
_GEOMETRY = {"d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "points"}


class Box(NamedTuple):
    """A part of a chart in points, counted from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


def inline_svg(
    draw: Callable[[Axes], object],
    key: str,
    *,
    width: float,
    height: float,
    label: str,
    over: Callable[[Axes, Box], str] | None = None,
) -> str:
    """Draw a chart and return it as an ``<svg>`` element.

    Text stays text, in the font of the page; ids begin with ``key``, so that two charts on a page
    do not mix; the same input gives the same bytes.

    Parameters
    ----------
    draw : callable
        Draws on the axes that it is given.
    key : str
        Unique within the page; letters, digits and hyphens.
    width, height : float
        In points; the page scales the chart to its place.
    label : str
        What the chart shows, for those who cannot see it.
    over : callable, optional
        Given the axes as they were drawn and where they lie, returns SVG to put over the chart.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    from layerscope.plot import figure

    try:
        from matplotlib import style
        from matplotlib.axes import Axes
        from matplotlib.backends.backend_svg import FigureCanvasSVG
    except ImportError:
        rule = "must be installed: pip install matplotlib"
        raise MissingExtraError("matplotlib", rule, "no such module") from None
    settings: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": key}
    with _SETTINGS, style.context([settings], after_reset=True), warnings.catch_warnings():
        # A letter that matplotlib's own font lacks is no loss: the page's font draws the text.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph", category=UserWarning)
        # A chart too small for its names is drawn as it is.
        warnings.filterwarnings("ignore", message="constrained_layout", category=UserWarning)
        picture = figure(width, height)
        axes = picture.add_subplot()
        draw(axes)
        buffer = io.BytesIO()
        for one in (picture, *picture.findobj(Axes)):
            one.patch.set(facecolor="none", edgecolor="none")  # type: ignore[attr-defined]
        # Figure.savefig would draw everything twice, the first time for the layout alone.
        canvas: Any = FigureCanvasSVG(picture)
        canvas.print_svg(buffer, metadata={"Date": None})
    chart = _rewrite(buffer.getvalue(), key, label)
    if over is None:
        return chart
    place = axes.get_position()
    box = Box(place.x0 * width, (1 - place.y1) * height, place.width * width, place.height * height)
    return chart.removesuffix("</svg>") + over(axes, box) + "</svg>"


def _rewrite(document: bytes, key: str, label: str) -> str:
    """Make a standing SVG document a part of a page: names, ids and styles of its own."""
    # The bytes are matplotlib's own, not a file from outside.
    root = Tree.fromstring(document)
    for parent in list(root.iter()):
        for child in list(parent):
            # Metadata is of no use here; a style sheet would reach the whole page.
            if _local(child.tag) in {"metadata", "style"}:
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(name): value for name, value in element.attrib.items()}
    used = _references(root)
    for element in root.iter():
        _attributes(element, key, used)
    box = root.attrib["viewBox"]
    root.attrib = {"viewBox": box, "role": "img", "aria-label": label}
    return Tree.tostring(root, encoding="unicode", short_empty_elements=True)


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def _references(root: Tree.Element) -> set[str]:
    used = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            used.update(_REFERENCE.findall(value))
            if name == "href" and value.startswith("#"):
                used.add(value[1:])
    return used


def _attributes(element: Tree.Element, key: str, used: set[str]) -> None:
    kept = {}
    for name, value in element.attrib.items():
        if name == "id":
            if value in used:
                kept[name] = f"{key}-{value}"
            continue
        if name == "href" and value.startswith("#"):
            kept[name] = f"#{key}-{value[1:]}"
            continue
        if name == "style":
            value = _own_style(value, is_text=element.tag == "text")  # noqa: PLW2901
        elif name in _GEOMETRY:
            value = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)  # noqa: PLW2901
        kept[name] = _REFERENCE.sub(rf"url(#{key}-\1)", value)
    element.attrib = kept


def _own_style(style: str, *, is_text: bool) -> str:
    """Drop the fonts that matplotlib lists; keep size, weight and alignment."""
    parts = [part.strip() for part in style.split(";") if part.strip()]
    kept = []
    for part in parts:
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if is_text and name == "font":
            size = re.search(r"[\d.]+px", value)
            weight = re.match(r"(bold|[1-9]00)\b", value)
            kept += [f"font-size:{size[0]}"] if size else []
            kept += [f"font-weight:{weight[1]}"] if weight else []
        elif name != "font-family":
            kept.append(f"{name}:{value}")
    return ";".join(kept)
