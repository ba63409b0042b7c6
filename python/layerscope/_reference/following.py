"""Communities followed through the layers from the definitions, with sets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

__all__ = ["kept", "majority_goes_to", "most_kept", "parts"]


def parts(labels: Sequence[int]) -> dict[int, set[int]]:
    """Return community -> its samples."""
    found: dict[int, set[int]] = {}
    for sample, label in enumerate(labels):
        found.setdefault(int(label), set()).add(sample)
    return found


def majority_goes_to(before: Sequence[int], after: Sequence[int]) -> dict[int, int | None]:
    """Return community -> the one of the other partition that has more than half of it."""
    others = parts(after)
    return {
        label: next((o for o, group in others.items() if 2 * len(own & group) > len(own)), None)
        for label, own in parts(before).items()
    }


def kept(before: Sequence[int], after: Sequence[int]) -> int:
    """Return how many samples stay in a community of one number."""
    return sum(one == other for one, other in zip(before, after, strict=True))


def most_kept(before: Sequence[int], after: Sequence[int], minimum_overlap: float) -> int:
    """Return the most samples that a one-to-one matching keeps, by trying every one."""
    old, new = list(parts(before).values()), list(parts(after).values())

    def weight(one: set[int], other: set[int]) -> int:
        both = len(one & other)
        return both if both and both >= minimum_overlap * len(one | other) else 0

    few, many = sorted((old, new), key=len)
    best = 0
    for chosen in itertools.permutations(many, len(few)):
        best = max(best, sum(weight(a, b) for a, b in zip(few, chosen, strict=True)))
    return best
