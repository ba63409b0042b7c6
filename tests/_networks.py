"""Graphs whose fractal geometry is known: flowers, trees, lattices, rings; their edges."""

from __future__ import annotations

from itertools import pairwise

from layerscope import Graph

Edges = list[tuple[int, int]]


def flower(u: int, v: int, generation: int) -> Edges:
    """The (u, v)-flower: every edge becomes two paths, of u and of v edges (Rozenfeld et al. 2007).

    Generation 1 is a ring of u + v nodes.
    """
    w = u + v
    edges = [(i, (i + 1) % w) for i in range(w)]
    n_nodes = w
    for _ in range(generation - 1):
        grown: Edges = []
        for a, b in edges:
            for length in (u, v):
                inner = list(range(n_nodes, n_nodes + length - 1))
                n_nodes += length - 1
                path = [a, *inner, b]
                grown += list(pairwise(path))
        edges = grown
    return edges


def shm_tree(offspring: int, generation: int) -> Edges:
    """The tree of Song, Havlin and Makse (2006) with x = 1, e = 0.

    In a generation every node gets `offspring` new nodes per edge end, and the old edge between
    two hubs is replaced by one between a new node of each.
    """
    edges: Edges = [(0, 1)]
    n_nodes = 2
    for _ in range(generation):
        grown: Edges = []
        for a, b in edges:
            first: list[int] = []
            for hub in (a, b):
                new = list(range(n_nodes, n_nodes + offspring))
                n_nodes += offspring
                grown += [(hub, node) for node in new]
                first.append(new[0])
            grown.append((first[0], first[1]))
        edges = grown
    return edges


def path(n: int) -> Edges:
    return [(i, i + 1) for i in range(n - 1)]


def ring(n: int) -> Edges:
    return [(i, (i + 1) % n) for i in range(n)]


def grid(rows: int, columns: int, *, torus: bool = False) -> Edges:
    edges: Edges = []
    for i in range(rows):
        for j in range(columns):
            for a, b in ((i + 1, j), (i, j + 1)):
                if torus or (a < rows and b < columns):
                    edges.append((i * columns + j, a % rows * columns + b % columns))
    return edges


def binary_tree(height: int) -> Edges:
    return [((child - 1) // 2, child) for child in range(1, 2 ** (height + 1) - 1)]


def graph(edges: Edges, n_nodes: int | None = None) -> Graph:
    return Graph.from_edges(edges, n_nodes=n_nodes)
