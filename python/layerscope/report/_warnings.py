"""Warnings as they are read: said once for all layers that share them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = ["fold_warnings", "group_warnings"]

#: Layers that are named where a warning is shared by some.
NAMED = 4


class _Warning(NamedTuple):
    step: str
    layer: str
    text: str


def fold_warnings(
    warnings: Iterable[str], layers: Sequence[str], steps: Sequence[Any] | None = None
) -> list[str]:
    """Return each warning once, with the layers that share it.

    >>> fold_warnings(["layer 'a': odd", "order was guessed", "layer 'b': odd"], ["a", "b", "c"])
    ['2 layers (a, b): odd', 'order was guessed']
    >>> fold_warnings([f"layer {name!r}: odd" for name in "abc"], ["a", "b", "c"])
    ['all 3 layers: odd']
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for warning in warnings:
        step, layer, text = _parted(str(warning), layers, steps)
        groups.setdefault((step, text), []).append((layer, str(warning)))
    folded = []
    for (step, text), members in groups.items():
        named = list(dict.fromkeys(layer for layer, _ in members if layer))
        folded += [warning for layer, warning in members if not layer or len(named) == 1]
        if len(named) > 1:
            opening = f"checkpoint {step}: " if step else ""
            folded.append(f"{opening}{_together(named, len(layers))}: {text}")
    return folded


def group_warnings(
    warnings: Iterable[str], layers: Sequence[str], steps: Sequence[Any] | None
) -> list[tuple[str, list[str]]]:
    """Return (layers, sentences); first what concerns no layer, then what several layers share.

    Warnings open with ``layer NAME:``, in a run with ``checkpoint STEP:`` before it. A sentence
    that several checkpoints share is said once, with the checkpoints after it.

    >>> group_warnings(["layer fc: 3 rows are zero", "order was guessed"], ["fc"], None)
    [('', ['order was guessed']), ('fc', ['3 rows are zero'])]
    >>> group_warnings(["layer a: odd", "layer b: odd"], ["a", "b"], None)
    [('Both layers', ['odd'])]
    """
    sentences: dict[str, dict[str, list[str]]] = {}
    for warning in warnings:
        step, layer, text = _parted(str(warning), layers, steps)
        sentences.setdefault(text, {}).setdefault(layer, []).extend([step] if step else [])
    shared: dict[str, list[str]] = {}
    single: dict[str, list[str]] = {"": [], **{layer: [] for layer in layers}}
    for text, places in sentences.items():
        named = [layer for layer in places if layer]
        together = len(named) > 1 and len({tuple(places[layer]) for layer in named}) == 1
        if together:
            place = _together(named, len(layers))
            said = _with_steps(text, places[named[0]])
            shared.setdefault(place[:1].upper() + place[1:], []).append(said)
        for layer, at in places.items():
            if not (layer and together):
                single[layer].append(_with_steps(text, at))
    ordered = [("", single.pop("")), *shared.items(), *single.items()]
    return [(place, said) for place, said in ordered if said]


def _parted(text: str, layers: Sequence[str], steps: Sequence[Any] | None) -> _Warning:
    """Return checkpoint and layer that a warning opens with, empty without, and the rest."""
    step = layer = ""
    for known in steps or ():
        opening = f"checkpoint {known}: "
        if text.startswith(opening):
            text, step = text[len(opening) :], str(known)
    openings = (
        (name, mark)
        for name in sorted(layers, key=len, reverse=True)
        for mark in (f"layer {name}: ", f"layer {name!r}: ", f"{name}: ")
        if text.startswith(mark)
    )
    layer, mark = next(openings, ("", ""))
    return _Warning(step, layer, text[len(mark) :])


def _together(named: Sequence[str], count: int) -> str:
    if len(named) == count:
        return "both layers" if count == 2 else f"all {count} layers"
    more = ", …" if len(named) > NAMED else ""
    return f"{len(named)} layers ({', '.join(named[:NAMED])}{more})"


def _with_steps(text: str, steps: Sequence[str]) -> str:
    if not steps:
        return text
    shown = ", ".join(steps[:8]) + (f" and {len(steps) - 8} more" if len(steps) > 8 else "")
    return f"{text} (checkpoint{'' if len(steps) == 1 else 's'} {shown})"
