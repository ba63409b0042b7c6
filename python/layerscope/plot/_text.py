"""Text and numbers in pictures: what fits, what can be shown, where labels go."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

__all__ = ["evenly", "number", "plain", "readable", "short_count", "spread"]


_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
#: Characters that turn the direction of all that follows them.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def readable(name: object) -> str:
    """Return a name on one line, without characters that XML or a font cannot take."""
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    # Spaces of other widths stay, since numbers and their units are held together by them.
    kept = [" " if character in _BREAKS else character for character in text]
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in {"Cc", "Cs", "Cn"} or character in _TURNING
        else character
        for character in kept
    )


def plain(text: str) -> str:
    r"""Return text that matplotlib shows as it is: a dollar sign starts no formula."""
    return text.replace("$", r"\$")


def number(value: float, digits: int = 2) -> str:
    """Return a number with a true minus sign.

    >>> number(-0.125), number(12.5, 1), number(float("nan"))
    ('−0.12', '12.5', '–')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def short_count(count: float) -> str:
    """Return a whole number in at most four or five letters.

    >>> [short_count(count) for count in (0, 812, 9999, 24310, 1250000, -12000)]
    ['0', '812', '9999', '24k', '1.2M', '−12k']
    """
    size = abs(count)
    for unit, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size >= 10**4 and size >= unit:
            scaled = count / unit
            return number(scaled, 0 if abs(scaled) >= 9.95 else 1) + sign
    return number(count, 0)


def evenly(count: int, stride: float) -> list[int]:
    """Return places from the first on, at least ``stride`` and always equally far apart.

    The last place is among them where a stride at most half as long again reaches it.

    >>> evenly(10, 3), evenly(12, 4), evenly(13, 3.5), evenly(3, 1)
    ([0, 3, 6, 9], [0, 4, 8], [0, 4, 8, 12], [0, 1, 2])
    >>> evenly(62, 4)[-2:], evenly(60, 100)
    ([56, 60], [0])
    """
    least = max(math.ceil(stride), 1)
    longer = range(least, least + least // 2 + 1)
    return list(range(0, count, next((one for one in longer if (count - 1) % one == 0), least)))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near the wanted ones, in their order, at least ``gap`` apart if they fit.

    >>> spread([0.5, 0.5, 0.9], 0.2, 0.0, 1.0)
    [0.4, 0.6, 0.9]
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    # Blocks of touching labels: (sum of wanted lowest positions, members); merged while they touch.
    blocks: list[tuple[float, int]] = []

    def start(block: tuple[float, int]) -> float:
        mean, size = block[0] / block[1], block[1]
        return min(max(mean, low), high - gap * (size - 1))

    for index in order:
        blocks.append((wanted[index], 1))
        while len(blocks) > 1 and start(blocks[-2]) + gap * blocks[-2][1] > start(blocks[-1]):
            later, earlier = blocks.pop(), blocks.pop()
            shifted = later[0] - later[1] * gap * earlier[1]
            blocks.append((earlier[0] + shifted, earlier[1] + later[1]))
    placed = [0.0] * len(wanted)
    ranks = iter(order)
    for block in blocks:
        for position in range(block[1]):
            placed[next(ranks)] = round(start(block) + gap * position, 12)
    return placed
