"""Charts of pairs of layers: similar neighbourhoods, CKA, and pairs that last, come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope import plot
from layerscope.plot._maps import ramp
from layerscope.plot._names import short_names
from layerscope.plot._pairs import NNTS_FORMS, SQUARE, nntp_counts, nnts_matrix
from layerscope.plot._report import ACROSS
from layerscope.plot._style import Floats, colour_of, floats
from layerscope.plot._text import number, readable
from layerscope.report._card import FEW, Card, card
from layerscope.report._choices import Choice, Note, Picker, over_cells, tips
from layerscope.report._words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from layerscope.report._svg import Box

__all__ = ["ACROSS", "across_charts"]

#: Stops of the slider at most; of more k, some are left out.
STOPS = 15

#: Letters of a layer's name that the pointer tells whole.
LONGEST = 36

#: With more layers than this the pointer tells only value and interval.
WORDY = 64

_FORM_NAMES = ("NNTS", "adjusted", "overlap", "stretched")
_IN_SENTENCES = ("NNTS", "the adjusted value", "the overlap", "NNTS")
#: The last form: the same numbers, with colours between the values of different layers.
_STRETCHED = len(NNTS_FORMS)
_FORM_NOTES = (
    "NNTS: of the samples that are neighbours in either of two layers, the share that are "
    "neighbours in both (Jaccard, mean over samples).",
    "Adjusted: NNTS with chance taken off, 0 for unrelated layers and 1 for equal neighbourhoods.",
    "Overlap: the share of a sample's neighbours in one layer that it has in the other, also "
    "called mutual kNN.",
    "Stretched: NNTS once more, its colours spread between the lowest and the highest value of two "
    "different layers. They show small differences, and cannot be compared between k.",
)
#: Said where a bootstrap was made. The coverage was measured on new draws of samples.
_INTERVALS = (
    " The intervals under the pointer resample the samples with their neighbours held fixed, so "
    "they are narrower than the spread over new draws of samples (measured: about 80\u00a0% "
    "coverage at 200 samples and k = 10)."
)
_CKA_NOTES = (
    "CKA compares all distances at once, the large ones most of all; it does not see rotation and "
    "scale. With few samples and many features unrelated layers seem alike too.",
    "Debiased: near 0 for unrelated layers, however many features they have.",
)


def across_charts(results: Mapping[str, Any], n_layers: int, where: str = "") -> list[Card]:
    """Return the charts of pairs of layers, if there are any pairs.

    Parameters
    ----------
    results : mapping
        Results by measure; those of :data:`ACROSS` are drawn.
    n_layers : int
        Layers of the report.
    where : str
        Put behind each heading.
    """
    if n_layers < 2:
        return []
    drawn = []
    if "nnts" in results:
        drawn.append(_nnts(results["nnts"], where))
    if "cka" in results:
        drawn.append(_cka(results["cka"], where))
    if "nntp" in results:
        drawn += _nntp(results["nntp"], where)
    return drawn


def _stops(ks: Sequence[int]) -> list[int]:
    """Return the places of the k that the slider has, the first and the last among them.

    >>> _stops((5, 10, 20)), _stops(range(1, 101))[-3:]
    ([0, 1, 2], [51, 71, 99])
    """
    if len(ks) <= STOPS:
        return list(range(len(ks)))
    chosen = np.unique(np.round(np.geomspace(1, len(ks), STOPS)).astype(int) - 1)
    return [int(place) for place in chosen]


def _nnts(result: Any, where: str) -> Card:
    stops, names = _stops(result.ks), _full_names(result.layers)
    last = len(stops) - 1
    forms = range(_STRETCHED + (len(names) > 2))
    shown = {
        f"f{form}k{stop}": _nnts_form(result, place, form)
        for form in forms
        for stop, place in enumerate(stops)
    }
    picker = Picker(
        "nnts",
        Choice("f", "Show", [_FORM_NAMES[form] for form in forms]),
        Choice("k", "Number of neighbours k", [str(result.ks[place]) for place in stops], last),
        [
            *(Note(f"f{form}", _FORM_NOTES[form], form == 0) for form in forms),
            *(
                Note(
                    f"f{form}k{stop}",
                    _nnts_note(shown[f"f{form}k{stop}"], result, place, form),
                    (form, stop) == (0, last),
                )
                for form in forms
                for stop, place in enumerate(stops)
            ),
        ],
    )
    under = {mark: matrix for mark, matrix in shown.items() if mark != f"f0k{last}"}

    extents = {mark: _extent(matrix) for mark, matrix in under.items() if mark[1] == "3"}

    def tip(row: int, column: int) -> str:
        return _nnts_tip(result, stops, names, row, column)

    return card(
        "nnts",
        f"Similarity of neighbourhoods{where}",
        "How much of a sample's neighbourhood in one layer it keeps in another. Dark blocks are "
        "layers that order the data alike." + (_INTERVALS if np.isfinite(result.low).any() else ""),
        partial(plot.nnts, result, title=""),
        result.matrix,
        height=SQUARE,
        fits=len(result.layers) <= FEW,
        over=over_cells(under, ramp(colour_of("nnts")), tip, extents),
        picker=picker,
    )


def _nnts_form(result: Any, place: int, form: int) -> Floats:
    if form < _STRETCHED:
        return nnts_matrix(result, place, NNTS_FORMS[form])
    matrix = nnts_matrix(result, place, "nnts").copy()
    np.fill_diagonal(matrix, np.nan)
    return matrix


def _extent(matrix: Floats) -> tuple[float, float]:
    """Return the lowest and the highest value, or something wider where they are equal."""
    low, high = float(np.nanmin(matrix)), float(np.nanmax(matrix))
    return (low, high) if high > low else (low, low + 1.0)


def _nnts_note(matrix: Floats, result: Any, place: int, form: int) -> str:
    name, beside = _IN_SENTENCES[form], np.diag(matrix, 1)
    low, high = int(np.argmin(beside)), int(np.argmax(beside))
    layers = short_names(result.layers)
    text = f"At k = {result.ks[place]}, {name} of a layer and the next is "
    text += f"{number(float(beside.mean()))}"
    if len(beside) > 1:
        text += (
            f" on average, lowest {number(float(beside[low]))} ({layers[low]} to "
            f"{layers[low + 1]}), highest {number(float(beside[high]))} ({layers[high]} to "
            f"{layers[high + 1]})"
        )
    if form == 0:
        text += f"; unrelated layers would have {float(result.chance_by_k[place]):.2g}"
    return f"{text}."


def _nnts_tip(
    result: Any, stops: Sequence[int], names: Sequence[str], row: int, column: int
) -> str:
    if row == column:
        return f"{names[row]}, with itself"
    low, high = float(result.low[row, column]), float(result.high[row, column])
    text = f"{names[row]} and {names[column]}, k = {result.ks[-1]}: "
    text += f"NNTS {number(float(result.matrix[row, column]), 3)}"
    if np.isfinite(low):
        text += f", 95 % interval {number(low, 3)} to {number(high, 3)} (neighbours held fixed)"
    if len(names) > WORDY:
        return text
    text += f"; chance {result.chance:.2g}"
    text += f"; adjusted {number(float(result.adjusted[row, column]), 3)}"
    text += f"; overlap {number(float(result.overlap[row, column]), 3)}"
    if len(stops) > 1:
        values = " ".join(
            number(float(result.by_k[place, row, column])).replace("0.", ".") for place in stops
        )
        text += f". NNTS at the k of the slider: {values}"
    return text


def _cka(result: Any, where: str) -> Card:
    names = _full_names(result.layers)
    forms = ["CKA", "debiased"] if np.isfinite(result.debiased).any() else ["CKA"]
    picker = Picker(
        "cka",
        Choice("f", "Show", forms),
        Choice("k", "", ["all"]),
        [Note(f"f{form}", _CKA_NOTES[form], form == 0) for form in range(len(forms))],
    )

    def tip(row: int, column: int) -> str:
        text = (
            f"{names[row]} and {names[column]}: CKA {number(float(result.matrix[row, column]), 3)}"
        )
        debiased = float(result.debiased[row, column])
        return f"{text}, debiased {number(debiased, 3)}"

    under = {"f1k0": floats(result.debiased)} if len(forms) > 1 else {}
    return card(
        "cka",
        f"CKA of all pairs of layers{where}",
        "How alike two layers are up to rotation and scale.",
        partial(plot.cka, result, title=""),
        result.matrix,
        height=SQUARE,
        fits=len(result.layers) <= FEW,
        over=over_cells(under, ramp(colour_of("cka")), tip),
        picker=picker,
    )


def _nntp(result: Any, where: str) -> list[Card]:
    runs, total = nntp_counts(result), int(result.counts.sum())
    ends = len(result.end_to_end)
    share = f"{counted(ends, 'pair')}, {_share(ends, total)} of all runs" if ends else "none"
    return [
        card(
            "nntp",
            f"Persistence of neighbour pairs{where}",
            "Runs of pairs by their first layer (row) and last layer (column): the diagonal holds "
            "transient pairs, the upper right corner those that last from end to end "
            f"({share}).",
            partial(plot.nntp, result, title=""),
            result.counts,
            height=SQUARE,
            fits=len(result.layers) <= FEW,
            over=_run_tips(runs, _full_names(result.layers), total),
        ),
        card(
            "lifetimes",
            f"Lifetimes of neighbour pairs{where}",
            f"How many of the {counted(total, 'run')} last for how many layers.",
            partial(plot.lifetimes, result),
            result.lifetimes,
        ),
        card(
            "turnover",
            f"Births and deaths of neighbour pairs{where}",
            "Which share of a layer's pairs is new in it, which is gone in the next layer, and "
            "which is in this layer alone (transient). The first and the last layer have one layer "
            "beside them only, so that more of their pairs count as transient.",
            partial(plot.turnover, result),
            result.transient_share,
        ),
    ]


def _run_tips(runs: Floats, names: Sequence[str], total: int) -> Callable[[Axes, Box], str]:
    def tip(row: int, column: int) -> str:
        span = f"in {names[row]} alone" if row == column else f"{names[row]} to {names[column]}"
        count = int(runs[row, column])
        return f"{span}: {counted(count, 'run')}, {_share(count, total)}"

    return lambda _, box: tips(runs > 0, tip, box)


def _share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    percent = 100 * part / whole
    return f"{'below 0.1' if 0 < percent < 0.1 else number(percent, 1)}\u00a0%"


def _full_names(layers: Sequence[str]) -> list[str]:
    """Return whole names; those at the axes where whole ones would make the page heavy."""
    both = zip(map(readable, layers), short_names(layers), strict=True)
    return [whole if len(whole) <= LONGEST else short for whole, short in both]
