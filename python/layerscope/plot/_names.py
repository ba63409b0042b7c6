"""Names of layers and classes that fit beside an axis and stay different."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from layerscope.plot._text import readable

__all__ = ["short_names"]

#: The number of a block: digits between two marks, or in front of the first.
_BLOCK = re.compile(r"(?:^|(?<=[./_]))\d+(?=[./])")

#: How many letters more than asked for a name may take to stay different from another.
_MORE = 4


def short_names(names: Iterable[object], limit: int = 14) -> list[str]:
    """Return names of at most about ``limit`` letters that stay different.

    What all names begin or end with is dropped, from a dot, a slash or an underscore to the next;
    then the first parts of a dotted name give way, or the middle of a plain one; the number of the
    last block and the end stay. Names that became equal are shortened elsewhere, where they differ.

    >>> short_names(["model.layers.0.attention", "model.layers.11.attention"], 12)
    ['layers.0', 'layers.11']
    >>> short_names(["embedding", "encoder.layers.11.mlp.fc1", "encoder.layers.11.mlp.fc2"], 12)
    ['embedding', '…11.mlp.fc1', '…11.mlp.fc2']
    >>> short_names(["embedding", "encoder.layers.11.attention.out"], 14)
    ['embedding', '11.att…ion.out']
    >>> short_names(["blocks.0.attn.out_proj", "blocks.0.mlp.fc1", "blocks.1.attn.out_proj"])
    ['0…out_proj', '0.mlp.fc1', '1…out_proj']
    """
    whole = _unframed([readable(name) for name in names], limit)
    alike: dict[str, list[str]] = {}
    for name in dict.fromkeys(whole):
        alike.setdefault(_squeeze(name, limit), []).append(name)
    short = {group[0]: text for text, group in alike.items() if len(group) == 1}
    for group in alike.values():
        if len(group) > 1:
            short |= zip(group, _told_apart(group, limit, set(short.values())), strict=True)
    return [short[name] for name in whole]


def _unframed(whole: list[str], limit: int) -> list[str]:
    """Drop what all names end and begin with, no more of the beginning than has to go."""
    if len(set(whole)) < 2:
        return whole
    for part in ("end", "beginning"):
        if max(map(len, whole)) <= limit:
            break
        if part == "end":
            shared = _shared([name[::-1] for name in whole])
            cut = max(shared.rfind(mark) for mark in "./_") + 1
            stripped = [name[: len(name) - cut] for name in whole]
        else:
            shared = _shared(whole)
            cuts = [place + 1 for place, mark in enumerate(shared) if mark in "./_"]
            longest = max(map(len, whole))
            cut = next((cut for cut in cuts if longest - cut <= limit), max(cuts, default=0))
            stripped = [name[cut:] for name in whole]
        whole = stripped if all(stripped) else whole
    return whole


def _shared(names: Sequence[str]) -> str:
    """Return the longest text with which all names begin."""
    first, last = min(names), max(names)  # the two that differ first, by the order of strings
    pairs = zip(first, last, strict=False)
    length = next((place for place, (one, other) in enumerate(pairs) if one != other), len(first))
    return first[:length]


def _squeeze(name: str, limit: int) -> str:
    """Return the name in the first of the forms that it has."""
    if len(name) <= limit:
        return name
    return next(text for form in _FORMS if (text := form(name, limit)) is not None)


def _from_block(name: str, limit: int) -> str | None:
    """Drop the first parts of a path, as few as have to go, and no block number."""
    block = _block(name)
    before = name if block is None else name[:block]
    cuts = (place + 1 for place, mark in enumerate(before) if mark in "./")
    tail = next((name[cut:] for cut in cuts if 3 < len(name) - cut < limit), None)
    if tail is not None:
        return f"…{tail}"
    return name[block:] if block is not None and len(name) - block <= limit else None


def _block_and_end(name: str, limit: int) -> str | None:
    """Keep the number of the block and the last parts, if these fill most of the room."""
    block = _block(name)
    if block is None:
        return None
    found = _BLOCK.match(name, block)
    room = limit - 1 - len(found[0] if found else "")
    start = len(name) - room
    cuts = (cut for cut in range(start, len(name)) if name[cut - 1] in "./_")
    cut = next(cuts, len(name))
    return f"{found[0]}…{name[cut:]}" if found and len(name) - cut >= 0.6 * room else None


def _numbers_and_end(name: str, limit: int) -> str | None:
    """Keep the numbers in which the first parts end, and the last part that has a letter."""
    parts = re.split("[./]", name)
    worded = [place for place, part in enumerate(parts) if not part.isdecimal()]
    end = worded[-1] if worded else 0
    numbers = [found[0] for part in parts[:end] if (found := re.search(r"\d+$", part))]
    text = ".".join([*numbers, *parts[end:]])
    return text if numbers and len(text) <= limit else None


def _both_ends_of_block(name: str, limit: int) -> str | None:
    block = _block(name)
    return None if block is None else _both_ends(name[block:], limit)


def _both_ends(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    head = max(1, (limit - 1) // 2)
    return f"{name[:head]}…{name[len(name) - (limit - 1 - head) :]}"


#: From the form that says most to those that every name has.
_FORMS: tuple[Callable[[str, int], str | None], ...] = (
    _from_block,
    _block_and_end,
    _both_ends_of_block,
    _both_ends,
    _numbers_and_end,  # for names that became equal
)


def _block(name: str) -> int | None:
    """Return where the number of the last block begins, if there is one."""
    return max((match.start() for match in _BLOCK.finditer(name)), default=None)


def _told_apart(group: Sequence[str], limit: int, taken: set[str]) -> list[str]:
    """Shorten names so that they differ from each other and from those that are taken."""
    for tried in _attempts(group, limit):
        if len(set(tried)) == len(tried) and taken.isdisjoint(tried):
            return tried
    # Nothing within reach tells them apart: letters do, which no name of ours ends with.
    apart: list[str] = []
    for name in group:
        stem = _squeeze(name, max(limit - 4, 1))
        texts = (f"{stem} ({_letters(place)})" for place in count())
        apart.append(next(text for text in texts if text not in taken and text not in apart))
    return apart


def _attempts(group: Sequence[str], limit: int) -> Iterator[list[str]]:
    for room in range(limit, limit + _MORE + 1):
        for form in _FORMS:
            yield [form(name, room) or _both_ends(name, room) for name in group]
    # The place from which the names differ, with a little before it.
    start = len(_shared(group)) - 2
    if start > 4:
        yield [f"{name[:3]}…{_begin(name[start:], limit - 4)}" for name in group]
    else:
        yield [_begin(name, limit) for name in group]


def _begin(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: max(limit - 1, 1)]}…"


def _letters(place: int) -> str:
    """Return a, b, …, z, aa, ab, … for 0, 1, …"""
    letter = chr(ord("a") + place % 26)
    return letter if place < 26 else _letters(place // 26 - 1) + letter
