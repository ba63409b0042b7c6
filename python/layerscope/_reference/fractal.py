"""Naive twins of the fractal measures, on dense tables of distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "ball_growth",
    "box_law",
    "distances",
    "fuzzy_counts",
    "greedy",
    "is_covering",
    "largest_degree",
    "lengths",
    "linkage_count",
    "memb",
    "power_law_exponent",
]

Table = npt.NDArray[np.float64]


def distances(graph: Any) -> Table:
    """Return the steps between all nodes by breadth-first search, infinity where no path is."""
    n = graph.n_nodes
    near = [graph.indices[graph.indptr[i] : graph.indptr[i + 1]].tolist() for i in range(n)]
    table = np.full((n, n), np.inf)
    for source in range(n):
        ring, steps = {source}, 0
        seen = {source}
        while ring:
            for node in ring:
                table[source, node] = steps
            ring = {other for node in ring for other in near[node]} - seen
            seen |= ring
            steps += 1
    return table


def is_covering(table: Table, boxes: npt.NDArray[Any], size: float, size_kind: str) -> bool:
    """Tell whether boxes, numbered without a gap, keep to their size."""
    for number in range(int(boxes.max()) + 1):
        members = np.flatnonzero(boxes == number)
        if len(members) == 0:
            return False
        if size_kind == "l_B" and not (table[np.ix_(members, members)] < size).all():
            return False
        if size_kind == "r_B" and not (table[:, members] <= size).all(axis=1).any():
            return False
    return True


def greedy(table: Table, order: npt.NDArray[Any], size: float) -> int:
    """Count the colours of a greedy colouring in a given order."""
    colours: dict[int, int] = {}
    for node in order.tolist():
        forbidden = {colour for other, colour in colours.items() if table[node, other] >= size}
        colours[node] = min(set(range(len(colours) + 1)) - forbidden)
    return len(set(colours.values()))


def memb(table: Table, radius: float) -> int:
    """Count the centres of maximum excluded mass burning."""
    near = table <= radius
    uncovered = np.ones(len(table), bool)
    centres = 0
    while uncovered.any():
        centre = int(np.argmax((near & uncovered).sum(axis=1)))
        uncovered &= ~near[centre]
        centres += 1
    return centres


def fuzzy_counts(table: Table, sizes: Any) -> list[float]:
    """Return the fuzzy count at each size, pair by pair."""
    n = len(table)
    counts = []
    for size in sizes:
        near = 0.0
        for i in range(n):
            for j in range(n):
                if i != j and table[i, j] <= size:
                    near += math.exp(-(table[i, j] ** 2) / size**2)
        counts.append(n * (n - 1) / near if near else math.inf)
    return counts


def box_law(sizes: Any, counts: Any) -> tuple[float, float, float, float]:
    """Return the dimension, its standard error, and the RMSE of both laws, by numpy's polyfit."""
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(counts, float))
    slope, level = np.polyfit(x, y, 1)
    left = y - slope * x - level
    error = math.sqrt((left @ left) / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
    rate, start = np.polyfit(np.asarray(sizes, float), y, 1)
    other = y - rate * np.asarray(sizes, float) - start
    return -float(slope), error, math.sqrt((left**2).mean()), math.sqrt((other**2).mean())


def ball_growth(table: Table) -> tuple[list[float], float]:
    """Return the mean ball at every radius, and the slope over those up to half a component."""
    largest = int(table[np.isfinite(table)].max())
    balls = [float((table <= radius).sum(axis=1).mean()) for radius in range(largest + 1)]
    kept = [radius for radius in range(1, largest + 1) if balls[radius] <= balls[-1] / 2]
    if len(kept) < 2:
        return balls, math.nan
    slope = np.polyfit(np.log(kept), np.log([balls[radius] for radius in kept]), 1)[0]
    return balls, float(slope)


def largest_degree(graph: Any, boxes: npt.NDArray[Any]) -> int:
    """Return the largest degree of the graph of boxes."""
    joined: dict[int, set[int]] = {int(number): set() for number in boxes}
    for i in range(graph.n_nodes):
        for j in graph.indices[graph.indptr[i] : graph.indptr[i + 1]]:
            if boxes[i] != boxes[j]:
                joined[int(boxes[i])].add(int(boxes[j]))
    return max(len(others) for others in joined.values())


def power_law_exponent(degrees: Any, k_min: int) -> float:
    """Return the exponent that maximises the likelihood above k_min, by a fine search.

    The zeta function is a plain sum of a hundred thousand terms and an integral for the rest.
    """
    tail = np.asarray([k for k in degrees if k >= k_min], float)
    terms = np.arange(k_min, k_min + 100_000, dtype=float)
    end = terms[-1] + 0.5

    def likelihood(gamma: float) -> float:
        zeta = (terms**-gamma).sum() + end ** (1 - gamma) / (gamma - 1)
        return float(-len(tail) * math.log(zeta) - gamma * np.log(tail).sum())

    low, high = 1.01, 10.0
    for _ in range(6):
        grid = np.linspace(low, high, 21)
        best = int(np.argmax([likelihood(gamma) for gamma in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 20)]
    return float((low + high) / 2)


def lengths(graph: Any) -> Table:
    """Return the lengths of shortest paths, node by node through every other (Floyd, Warshall)."""
    n = graph.n_nodes
    table = np.full((n, n), np.inf)
    for i in range(n):
        row = slice(graph.indptr[i], graph.indptr[i + 1])
        table[i, graph.indices[row]] = graph.weights[row]
    np.fill_diagonal(table, 0.0)
    for middle in range(n):
        table = np.minimum(table, table[:, middle, None] + table[middle])
    return table


def linkage_count(table: Table, size: float) -> int:
    """Count the groups left when the nearest two join while their union is narrower than a size."""
    groups = [[point] for point in range(len(table))]
    while len(groups) > 1:
        unions = {
            (i, j): max(table[a, b] for a in groups[i] for b in groups[j])
            for j in range(len(groups))
            for i in range(j)
        }
        (i, j), width = min(unions.items(), key=lambda item: item[1])
        if width >= size:
            break
        groups[i] += groups.pop(j)
    return len(groups)
