"""Agreement of partitions from its definitions, with exact chances."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

__all__ = ["agreement", "expected_information", "fragmentation"]


def agreement(found: Sequence[Any], classes: Sequence[Any]) -> dict[str, float]:
    """Return ami, ari, nmi and purity."""
    n = len(found)
    joint = Counter(zip(classes, found, strict=True))
    rows, columns = Counter(classes), Counter(found)
    if len(joint) == len(rows) == len(columns):  # one partition, twice
        return {"ami": 1.0, "ari": 1.0, "nmi": 1.0, "purity": 1.0}
    hits = dict.fromkeys(columns, 0)
    for (_, part), count in joint.items():
        hits[part] = max(hits[part], count)
    purity = sum(hits.values()) / n
    ari = _rand(joint, rows, columns, n)
    if 1 in (len(rows), len(columns)):
        return {"ami": 0.0, "ari": ari, "nmi": 0.0, "purity": purity}
    mutual = math.fsum(
        count / n * math.log(n * count / (rows[row] * columns[part]))
        for (row, part), count in joint.items()
    )
    mean = (_entropy(rows, n) + _entropy(columns, n)) / 2
    expected = expected_information(list(rows.values()), list(columns.values()))
    ami = (mutual - expected) / (mean - expected)
    return {"ami": ami, "ari": ari, "nmi": mutual / mean, "purity": purity}


def expected_information(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the mean mutual information of partitions with parts of these sizes."""
    n = sum(first)
    terms = []
    for a in first:
        for b in second:
            for k in range(max(1, a + b - n), min(a, b) + 1):
                chance = Fraction(math.comb(a, k) * math.comb(n - a, b - k), math.comb(n, b))
                terms.append(float(chance) * k / n * math.log(n * k / (a * b)))
    return math.fsum(terms)


def fragmentation(found: Sequence[Any], classes: Sequence[Any], label: Any) -> float:
    """Return the share of a class's pairs that lie in different communities."""
    inside = [part for part, one in zip(found, classes, strict=True) if one == label]
    pairs = [(a, b) for place, a in enumerate(inside) for b in inside[:place]]
    return sum(a != b for a, b in pairs) / len(pairs) if pairs else 0.0


def _entropy(sizes: Counter[Any], n: int) -> float:
    return -math.fsum(size / n * math.log(size / n) for size in sizes.values())


def _rand(joint: Counter[Any], rows: Counter[Any], columns: Counter[Any], n: int) -> float:
    both, first, second = (
        sum(math.comb(size, 2) for size in sizes.values()) for sizes in (joint, rows, columns)
    )
    chance = first * second / math.comb(n, 2)
    return (both - chance) / ((first + second) / 2 - chance)
