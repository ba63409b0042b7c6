"""From steps between layers to numbers that last and events that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "CommunityEvent", "Step", "counts", "events", "lasting_numbers"]

Numbers: TypeAlias = npt.NDArray[np.int64]
#: Heir and destination of each community of a layer, parent of each of the next; -1 for none.
Step: TypeAlias = tuple[Numbers, Numbers, Numbers]

KINDS = ("split", "merge", "birth", "death")


@dataclass(frozen=True)
class CommunityEvent:
    """What happens to one community, or to several together, between two layers.

    Attributes
    ----------
    kind : {"split", "merge", "birth", "death"}
        What happens.
    before, after : str
        Names of the two layers.
    old, new : tuple of int
        Numbers in the layer before and in the layer after: one and its parts for a split, several
        and what they became for a merge, none and one for a birth, one and none for a death.
    """

    kind: str
    before: str
    after: str
    old: tuple[int, ...]
    new: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON takes."""
        numbers = {"old": list(self.old), "new": list(self.new)}
        return {"kind": self.kind, "before": self.before, "after": self.after, **numbers}


def lasting_numbers(sizes: Sequence[int], steps: Sequence[Step]) -> list[Numbers]:
    """Return the number of every community of every layer.

    Parameters
    ----------
    sizes : sequence of int
        Communities in each layer.
    steps : sequence of Step
        One between each layer and the next.

    Examples
    --------
    Two communities part into three; the second keeps its number.

    >>> none = np.array([], dtype=np.int64)
    >>> lasting_numbers([2, 3], [(np.array([-1, 2]), none, none)])
    [array([0, 1]), array([2, 3, 1])]
    """
    numbers = [np.arange(sizes[0], dtype=np.int64)]
    following = sizes[0]
    for size, (heir, _, _) in zip(sizes[1:], steps, strict=True):
        here = np.full(size, -1, dtype=np.int64)
        kept = heir >= 0
        here[heir[kept]] = numbers[-1][kept]
        new = here < 0
        here[new] = np.arange(following, following + int(new.sum()))
        following += int(new.sum())
        numbers.append(here)
    return numbers


def events(
    layers: Sequence[str], numbers: Sequence[Numbers], steps: Sequence[Step]
) -> tuple[CommunityEvent, ...]:
    """Return what happens between the layers, in their order, by kind and then by number."""
    found = []
    for place, (_, destination, parent) in enumerate(steps):
        names = (layers[place], layers[place + 1])
        old, new = numbers[place], numbers[place + 1]
        happened: dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]] = {
            "split": [((one,), parts) for one, parts in _groups(parent, old, new)],
            "merge": [(parts, (one,)) for one, parts in _groups(destination, new, old)],
            "birth": [((), (one,)) for one in sorted(set(new.tolist()) - set(old.tolist()))],
            "death": [((one,), ()) for one in sorted(set(old.tolist()) - set(new.tolist()))],
        }
        found += [CommunityEvent(kind, *names, *ends) for kind in KINDS for ends in happened[kind]]
    return tuple(found)


def counts(found: Sequence[CommunityEvent], layers: Sequence[str]) -> dict[str, Numbers]:
    """Return kind -> how often it happens between each layer and the next."""
    place = {name: index for index, name in enumerate(layers)}
    table = {kind: np.zeros(len(layers) - 1, dtype=np.int64) for kind in KINDS}
    for event in found:
        table[event.kind][place[event.before]] += 1
    return table


def _groups(
    leader: Numbers, of_leader: Numbers, of_member: Numbers
) -> list[tuple[int, tuple[int, ...]]]:
    """Return (leader, members), both as lasting numbers, where there are two members or more."""
    followers = np.bincount(leader[leader >= 0], minlength=len(of_leader))
    several = np.flatnonzero(followers > 1)
    if not several.size:
        return []
    order = np.argsort(leader, kind="stable")
    members = of_member[order]
    begins = np.searchsorted(leader[order], several)
    ends = begins + followers[several]
    found = zip(of_leader[several].tolist(), begins.tolist(), ends.tolist(), strict=True)
    return sorted((one, tuple(np.sort(members[begin:end]).tolist())) for one, begin, end in found)
