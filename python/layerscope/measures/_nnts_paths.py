"""Two ways to the same intersections: lists of neighbours for small k, rows of bits for large k.

Lists cost O(n k) per pair of layers and hold L n k neighbours; rows of bits cost n² / 64 words per
pair and k, and hold a block of samples at a time. Which way is taken never shows in a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import as_matrix
from layerscope._settings import (
    METRICS,
    MemoryLimit,
    Progress,
    check_choice,
    check_jobs,
    check_memory,
    progress_for,
)
from layerscope.activations import as_stack
from layerscope.errors import in_layer
from layerscope.neighbours import Neighbors, row_remarks, shared_search, stack_neighbors

__all__ = ["MOST_KS", "Counted", "count_shared"]

#: More k than this are not computed in one pass.
MOST_KS = 254

#: Bytes of a neighbour in a list: its index and its distance.
_NEIGHBOUR = 12
_WORD = 64

# Jaccard and overlap by k and pair of layers, flat; low and high; intersections of every sample,
# both by kept k and pair.
Matrices: TypeAlias = tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None,
    npt.NDArray[np.uint16] | None,
]


@dataclass(frozen=True)
class Counted:
    """What was counted, and of what."""

    layers: tuple[str, ...]
    n_samples: int
    metric: str
    ks: tuple[int, ...]
    matrices: Matrices
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Search:
    """A search that keeps no lists, as its warnings name it."""

    metric: str
    n_neighbors: int
    n_samples: int

    @property
    def n_reference(self) -> int:
        return self.n_samples


def count_shared(
    stack: Mapping[str, Any],
    ks: tuple[int, ...],
    *,
    n_neighbors: int,
    metric: str,
    n_bootstrap: int,
    seed: int,
    keep_shared: bool,
    every_k: bool,
    n_jobs: int | None,
    memory_limit: MemoryLimit,
    progress: Progress,
) -> Counted:
    """Return the intersections of all pairs of layers at rising ks, by the cheaper way.

    Intervals and the samples' own intersections are of every k, or of the largest only.
    """
    layers = as_stack(stack)
    how = {"n_jobs": n_jobs, "memory_limit": memory_limit, "progress": progress}
    check_choice("metric", metric, METRICS)
    depth, metric = shared_search(layers, n_neighbors=n_neighbors, metric=metric)
    if depth != n_neighbors:  # lists that were given without a k are as deep as they are
        ks = tuple(range(1, min(depth, MOST_KS) + 1))
    asked = {"n_neighbors": ks[-1], "metric": metric}
    counting = (n_bootstrap, seed, keep_shared, every_k)
    if _prefer_bits(layers, ks, check_memory(memory_limit)):
        return _by_bits(layers, ks, asked, counting, how)
    return _by_lists(layers, ks, asked, counting, how)


def _prefer_bits(layers: Mapping[str, Any], ks: tuple[int, ...], limit: int | None) -> bool:
    """Tell whether rows of bits cost less than lists, or whether lists would not fit."""
    deepest = ks[-1]
    n = next(
        layer.n_samples if isinstance(layer, Neighbors) else len(layer) for layer in layers.values()
    )
    if deepest >= n:
        return False  # refused by the search, in its words
    n_sought = sum(not isinstance(layer, Neighbors) for layer in layers.values())
    too_long = limit is not None and n_sought * n * deepest * _NEIGHBOUR > limit
    return too_long or deepest * _WORD > n * len(ks)


def _by_lists(
    layers: Mapping[str, Any],
    ks: tuple[int, ...],
    asked: dict[str, Any],
    counting: tuple[int, int, bool, bool],
    how: dict[str, Any],
) -> Counted:
    tables = stack_neighbors(layers, **asked, **how)
    first = next(iter(tables.values()))
    matrices = _core.nnts(
        [np.ascontiguousarray(table.indices) for table in tables.values()],
        list(ks),
        *counting,
        n_jobs=check_jobs(how["n_jobs"]),
        progress=progress_for(how["progress"], "nnts"),
    )
    said = {name: table.warnings for name, table in tables.items()}
    return Counted(tuple(tables), first.n_samples, first.metric, ks, matrices, _all(said))


def _by_bits(
    layers: Mapping[str, Any],
    ks: tuple[int, ...],
    asked: dict[str, Any],
    counting: tuple[int, int, bool, bool],
    how: dict[str, Any],
) -> Counted:
    known = {name: layer for name, layer in layers.items() if isinstance(layer, Neighbors)}
    tables = stack_neighbors(known, **asked, **how) if known else {}
    metric = check_choice("metric", asked["metric"], METRICS)
    sources = []
    for name, layer in layers.items():
        with in_layer(name):
            lists = tables.get(name)
            sources.append(as_matrix(layer) if lists is None else _indices(lists))
    matrices, notes = _core.nnts_sets(
        sources,
        # Names only stand in errors; what UTF-8 does not have is spelt out.
        [name.encode("utf-8", "backslashreplace").decode() for name in layers],
        list(ks),
        metric,
        *counting,
        memory_limit=check_memory(how["memory_limit"]),
        n_jobs=check_jobs(how["n_jobs"]),
        progress=progress_for(how["progress"], "nnts"),
    )
    n = len(sources[0])
    search = _Search(metric, ks[-1], n)
    said = {}
    for name, (tied, duplicates, zeros, infinite) in zip(layers, notes, strict=True):
        said[name] = (
            tables[name].warnings
            if name in tables
            else row_remarks(
                search,
                n_tied_rows=tied,
                n_duplicate_rows=duplicates,
                n_zero_rows=zeros,
                n_infinite=infinite,
            )
        )
    first = tables.get(next(iter(layers)))
    return Counted(
        tuple(layers), n, metric if first is None else first.metric, ks, matrices, _all(said)
    )


def _indices(table: Neighbors) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(table.indices)


def _all(said: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"layer {name!r}: {one}" for name, several in said.items() for one in several)
