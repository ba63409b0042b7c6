"""Sentences that a person can act on, from paired differences and counts.

A sentence is made only where the numbers carry it: a rise or a fall when the paired 95 % interval
excludes zero, a plateau when it excludes every rise worth having. Where it excludes neither, the
sentence says that more rows are needed. What modularity cannot show (whether a layer can be
removed) is said beside every candidate.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["advise", "advise_run"]

#: A rise below this share of the bound is not worth a layer. Lu et al. (2022) lost .34 points of
#: accuracy by cutting layers over which modularity rose by .04 (bound .9), and .01 at .01; two
#: hundredths of that bound are .018, near the harmless end.
WORTH = 0.02
#: From this share of the bound on, there is nothing left to rise to.
SATURATED = 0.95
#: Rows that repeat an earlier row: from this share on, ties decide many neighbours.
MANY_DUPLICATES = 0.1
#: A modularity this many standard deviations above that of permuted labels stands out.
STANDS_OUT = 3.0


class Interval(Protocol):
    """A paired difference of two modularities with its 95 % interval."""

    @property
    def value(self) -> float:
        """The difference."""

    @property
    def low(self) -> float:
        """Lower end of the interval."""

    @property
    def high(self) -> float:
        """Upper end of the interval."""


def advise(
    layers: Sequence[str],
    results: Mapping[str, Any],
    tables: Mapping[str, Any],
    *,
    has_labels: bool = False,
) -> tuple[str, ...]:
    """Return the advice for one stack.

    Parameters
    ----------
    layers : sequence of str
        Names in order.
    results : mapping
        Stack result per measure, as in a report.
    tables : mapping
        Neighbour table per layer.
    has_labels : bool
        Whether there are labels, whatever was measured with them.
    """
    sentences = list(_collapsed(layers, tables))
    curve = results.get("modularity")
    if curve is None:
        if not has_labels and "label_agreement" not in results:
            sentences.append(
                "Without labels only the shape of the layers can be measured; give labels "
                "to see where the classes form and which layers add nothing to them."
            )
        return tuple(sentences)
    doubt = list(_doubts(layers, curve))
    return tuple(sentences + (doubt or list(_course(layers, curve))))


def advise_run(
    steps: Sequence[Any],
    layers: Sequence[str],
    changes: Mapping[str, Interval],
) -> tuple[str, ...]:
    """Return what changed between the last two checkpoints.

    Parameters
    ----------
    steps : sequence
        The checkpoints in order.
    layers : sequence of str
        Names in order.
    changes : mapping of str to Interval
        Layer -> paired difference of its modularity, last checkpoint minus the one before.
    """
    if len(steps) < 2 or not changes:
        return ()
    between = f"from checkpoint {steps[-2]} to {steps[-1]}"
    known = [name for name in layers if name in changes and math.isfinite(changes[name].low)]
    rising = [name for name in known if changes[name].low > 0]
    falling = [name for name in known if changes[name].high < 0]
    sentences = []
    if rising:
        most = max(rising, key=lambda name: changes[name].value)
        sentences.append(
            f"Training still organises {_those(rising, most)} ({between} its modularity rises by "
            f"{_interval(changes[most])}); a later checkpoint may be better organised."
        )
    if falling:
        most = min(falling, key=lambda name: changes[name].value)
        sentences.append(
            f"Training undoes class structure in {_those(falling, most)} ({between} its modularity "
            f"changes by {_interval(changes[most])}); compare the accuracy of the two before "
            "keeping the later one."
        )
    if known and not rising and not falling:
        largest = max(known, key=lambda name: abs(changes[name].value))
        sentences.append(
            f"No layer's modularity changes beyond its 95 % interval {between} (largest: "
            f"{largest}, {_interval(changes[largest])}); by this measure the two cannot be told "
            "apart, which more rows might change."
        )
    return tuple(sentences)


def _collapsed(layers: Sequence[str], tables: Mapping[str, Any]) -> Iterator[str]:
    shares = {name: tables[name].n_duplicate_rows / tables[name].n_samples for name in layers}
    many = [name for name in layers if shares[name] >= MANY_DUPLICATES]
    if not many:
        return
    most = max(many, key=lambda name: shares[name])
    verb = "have collapsed" if shares[most] >= 0.5 else "are collapsing"
    table = tables[most]
    yield (
        f"Rows {verb} onto one another in {_those(many, most)}: {table.n_duplicate_rows} of "
        f"its {table.n_samples} rows repeat an earlier row exactly, so the order of the rows "
        "decides among their neighbours; read these numbers with care, and look for units that "
        "died or saturated before it."
    )


def _those(names: Sequence[str], most: str) -> str:
    """Name one layer, or count several and name the one that stands out.

    >>> _those(["fc1"], "fc1"), _those(["fc1", "fc2"], "fc2")
    ('fc1', '2 layers (fc1, fc2), most of all fc2')
    """
    if len(names) == 1:
        return most
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"{len(names)} layers ({shown}), most of all {most}"


def _doubts(layers: Sequence[str], curve: Any) -> Iterator[str]:
    """Reasons for which the course of the curve says nothing about the layers."""
    z = [float(value) for value in curve.z if math.isfinite(value)]
    if z and max(z) < STANDS_OUT:
        yield (
            "No layer's modularity stands out from that of permuted labels (largest z "
            f"{max(z):.1f}): either these layers do not hold the classes, or the labels do not "
            "belong to these rows in this order; check that, or use more rows."
        )
    ratios = [float(value) for value in curve.ratio]
    if len(layers) > 1 and all(ratio >= SATURATED for ratio in ratios):
        yield (
            f"Modularity is near its bound in every layer (at least {min(ratios):.2f} of it): this "
            "data set is too easy to tell the layers apart; use harder or noisier samples."
        )


def _course(layers: Sequence[str], curve: Any) -> Iterator[str]:
    if len(layers) < 2:
        return
    whole = curve.difference(layers[0], layers[-1])
    if not math.isfinite(whole.low):
        return
    ends = f"from {layers[0]} to {layers[-1]}"
    if whole.high < 0:
        yield (
            f"Modularity falls with depth, {ends} by {_interval(whole)}: later layers mix the "
            "classes more than earlier ones, as networks do before training; check that these "
            "are the trained weights before you cut anything."
        )
        return
    if whole.low > 0:
        yield f"Modularity rises with depth, {ends} by {_interval(whole)}."
    plateaus = list(_plateaus(layers, curve))
    for start, end, change in plateaus:
        yield _candidates(layers, start, end, change)
    if not plateaus and whole.low > 0:
        yield from _no_plateau(layers, curve)
    if whole.low <= 0 <= whole.high and not plateaus:
        yield (
            f"Whether modularity changes {ends} cannot be told from these rows (difference "
            f"{_interval(whole)}); use more rows."
        )


def _plateaus(layers: Sequence[str], curve: Any) -> Iterator[tuple[int, int, Interval]]:
    """Yield stretches over which every rise worth having is excluded, the longest first taken.

    A stretch is one only as a whole: between no two of its layers may modularity rise, and each of
    them has to stand out from permuted labels. Stretches share no layer, since the first layer of
    each has to stay.
    """

    @functools.cache
    def flat(before: int, after: int) -> bool:
        change = curve.difference(layers[before], layers[after])
        worth = WORTH * float(curve.bound[after])
        return math.isfinite(change.high) and bool(change.high <= worth)

    def within(first: int, last: int) -> Iterator[tuple[int, int]]:
        longest, end = (first, first), first
        for start in range(first, last + 1):
            end = max(start, end)
            while (
                end < last
                and not _is_chance(curve, start)
                and not _is_chance(curve, end + 1)
                and all(flat(inside, end + 1) for inside in range(start, end + 1))
            ):
                end += 1
            if end - start > longest[1] - longest[0]:
                longest = (start, end)
        start, end = longest
        if start < end:
            yield from within(first, start - 1)
            yield start, end
            yield from within(end + 1, last)

    for start, end in within(0, len(layers) - 1):
        yield start, end, curve.difference(layers[start], layers[end])


def _is_chance(curve: Any, place: int) -> bool:
    """Tell whether a layer's modularity is within what permuted labels give."""
    return bool(curve.z[place] < STANDS_OUT)  # NaN, without permutations, is no such finding


def _candidates(layers: Sequence[str], start: int, end: int, change: Interval) -> str:
    if change.low > 0:
        verb = f"rises by at most {_signed(change.high)}"
    else:
        verb = "falls" if change.high < 0 else "does not rise"
    found = (
        f"Modularity {verb} from {layers[start]} to {layers[end]} (difference {_interval(change)})"
    )
    last = end == len(layers) - 1
    if last and end - start == 1:
        return f"{found}: the output layer has to stay, but the classes are formed before it."
    if end - start == 1:
        which = f"{layers[end]} is a candidate"
    else:
        which = f"the layers after {layers[start]} up to {layers[end]} are candidates"
    stays = " (the output layer itself has to stay)" if last else ""
    return (
        f"{found}: {which} for cutting{stays}; measure the accuracy after the cut, since a plateau "
        "alone does not show that a layer can go."
    )


def _no_plateau(layers: Sequence[str], curve: Any) -> Iterator[str]:
    pairs = list(itertools.pairwise(layers))
    steps = {pair: curve.difference(*pair) for pair in pairs}
    open_pairs = [pair for pair, step in steps.items() if step.low <= 0]
    chance = [name for place, name in enumerate(layers) if _is_chance(curve, place)]
    if chance:
        yield (
            f"Modularity does not stand out from that of permuted labels in {', '.join(chance)}: "
            "that it does not rise there says nothing about cutting."
        )
        open_pairs = [pair for pair in open_pairs if not set(pair) & set(chance)]
        if not open_pairs:
            return
    if not open_pairs:
        yield "Modularity rises at every layer: nothing here speaks for cutting one."
        return
    (before, after), count = open_pairs[0], len(open_pairs)
    yield (
        f"No layer shows a plateau that these rows can confirm; between {before} and {after} "
        f"(difference {_interval(steps[before, after])})"
        + (f" and at {count - 1} other places" if count > 1 else "")
        + " they cannot tell a small rise from none: use more rows."
    )


def _interval(change: Interval) -> str:
    return f"{_signed(change.value)}, 95 % interval {_signed(change.low)} to {_signed(change.high)}"


def _signed(value: float) -> str:
    """Return a number with three decimals and a true minus sign.

    >>> _signed(-0.01), _signed(0.0184), _signed(-0.0001)
    ('−0.010', '0.018', '0.000')
    """
    text = f"{value:.3f}"
    return text[1:] if text == "-0.000" else text.replace("-", "−")
