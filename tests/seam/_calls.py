"""The long calls of the library, each a function of how it is run; their results as bytes."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import layerscope as ls

N, D = 240, 24


def _data() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(5)
    labels = np.arange(N) % 4
    centres = rng.normal(size=(4, D))
    X = (centres[labels] + rng.normal(size=(N, D))).astype(np.float32)
    X[7] = X[3]  # a duplicate: ties are where orders differ
    X[11] = 0
    stack = {f"layer{i}": X * i + rng.normal(size=(N, D)).astype(np.float32) for i in range(3)}
    return X, labels, stack


X, LABELS, STACK = _data()
GROUPS = np.arange(N) // 3
GRAPH = ls.neighbors(X, n_neighbors=3).graph()
LENGTHS = ls.neighbors(X, n_neighbors=4).graph(weight="distance")

# Every public call that takes n_jobs, on data with ties, duplicates and a zero row.
CALLS: dict[str, Callable[..., Any]] = {
    "neighbors, euclidean": lambda **how: ls.neighbors(X, n_neighbors=9, **how),
    "neighbors, cosine": lambda **how: ls.neighbors(X, metric="cosine", **how),
    "neighbors, pearson": lambda **how: ls.neighbors(X, metric="pearson", **how),
    "neighbors, inner product": lambda **how: ls.neighbors(X, metric="inner_product", **how),
    "neighbors, queries": lambda **how: ls.neighbors(X, queries=X[:50] + 1, **how),
    "neighbors, approximate": lambda **how: ls.neighbors(X, method="approximate", **how),
    "neighbors, groups": lambda **how: ls.neighbors(X, groups=GROUPS, **how),
    "modularity": lambda **how: ls.modularity(X, LABELS, **how),
    "modularity, eccv2022": lambda **how: ls.modularity(X, LABELS, preset="eccv2022", **how),
    "modularity, directed": lambda **how: ls.modularity(X, LABELS, directed=True, **how),
    "modularity_curve": lambda **how: ls.modularity_curve(
        STACK, LABELS, n_subsamples=3, subsample_size=80, n_permutations=10, **how
    ),
    "label_agreement": lambda **how: ls.label_agreement(X, LABELS, **how),
    "intrinsic_dimension": lambda **how: ls.intrinsic_dimension(X, **how),
    "nnts": lambda **how: ls.nnts(STACK, n_neighbors=7, n_bootstrap=9, per_sample=True, **how),
    "nnts, large k": lambda **how: ls.nnts(
        STACK, n_neighbors=(70, 40), n_bootstrap=9, per_sample=True, **how
    ),
    "nntp": lambda **how: ls.nntp(STACK, n_neighbors=7, gap=1, **how),
    "follow_communities": lambda **how: ls.follow_communities(
        STACK, labels=LABELS, n_neighbors=7, **how
    ),
    "follow_communities, cosine": lambda **how: ls.follow_communities(
        STACK, metric="cosine", algorithm="louvain", **how
    ),
    "cka": lambda **how: ls.cka(X, STACK["layer1"], **how),
    "cka, debiased": lambda **how: ls.cka(X, STACK["layer1"], debiased=True, **how),
    "alignment": lambda **how: ls.alignment(X, STACK["layer1"], n_neighbors=7, **how),
    "hop_distances": lambda **how: ls.hop_distances(GRAPH, **how),
    "path_lengths": lambda **how: ls.path_lengths(LENGTHS, **how),
    "path_statistics": lambda **how: ls.path_statistics(GRAPH, **how),
    **{
        f"box_counts, {method}": lambda method=method, **how: ls.box_counts(
            GRAPH, method=method, n_repeats=3, **how
        )
        for method in ("greedy", "cbb", "memb", "obca", "sketch", "random")
    },
    "box_counts, weighted": lambda **how: ls.box_counts(
        LENGTHS, weighted=True, n_repeats=3, components="largest", **how
    ),
    "boxes": lambda **how: ls.boxes(GRAPH, 3, n_repeats=3, **how),
    "metric_box_counts": lambda **how: ls.metric_box_counts(
        ls.feature_network(X.T).distances, **how
    ),
    "fuzzy_box_counts": lambda **how: ls.fuzzy_box_counts(GRAPH, **how),
    "fractal_dimension": lambda **how: ls.fractal_dimension(GRAPH, n_null=2, **how),
    "ball_growth_dimension": lambda **how: ls.ball_growth_dimension(GRAPH, **how),
    "renormalisation_exponent": lambda **how: ls.renormalisation_exponent(GRAPH, **how),
    "degree_exponent": lambda **how: ls.degree_exponent(GRAPH, **how),
    "rewire": lambda **how: ls.rewire(GRAPH, **how),
    "self_similarity": lambda **how: ls.self_similarity(X, n_null=3, **how),
    "self_similarity, covering": lambda **how: ls.self_similarity(
        X, form="covering", scale="rms", n_null=2, **how
    ),
    "self_similarity, correlation": lambda **how: ls.self_similarity(
        X, form="correlation", n_null=2, **how
    ),
    "feature_network": lambda **how: ls.feature_network(X, **how),
    "louvain": lambda **how: ls.louvain(GRAPH, **how),
    "leiden": lambda **how: ls.leiden(GRAPH, random_state=3, **how),
    "analyze": lambda **how: ls.analyze(STACK, labels=LABELS, n_permutations=10, **how),
    "analyze, communities": lambda **how: ls.analyze(
        STACK, labels=LABELS, measures=["communities"], **how
    ),
}


def bits(value: Any) -> bytes:
    """Everything a result holds, as bytes: arrays with dtype and shape, floats to the last bit.

    What says how the work was run (``n_jobs`` in the settings) is left out.
    """
    parts: list[bytes] = []
    _add(value, parts)
    return b"\0".join(parts)


def _add(value: Any, parts: list[bytes]) -> None:
    parts.append(type(value).__name__.encode())
    if isinstance(value, np.ndarray):
        parts += [str((value.dtype, value.shape)).encode(), value.tobytes()]
    elif isinstance(value, float):
        parts.append(value.hex().encode())
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            if key not in {"n_jobs", "progress", "memory_limit"}:
                parts.append(str(key).encode())
                _add(entry, parts)
    elif isinstance(value, list | tuple):
        for entry in value:
            _add(entry, parts)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            parts.append(field.name.encode())
            _add(getattr(value, field.name), parts)
    elif isinstance(value, ls.Graph):
        for field in ("indptr", "indices", "weights"):
            _add(getattr(value, field), parts)
    elif isinstance(value, ls.Neighbors):
        for field in ("indices", "distances", "n_tied_rows", "n_duplicate_rows", "n_zero_rows"):
            _add(getattr(value, field), parts)
    elif value is None or isinstance(value, bool | int | str):
        parts.append(str(value).encode())
    elif hasattr(value, "to_dict"):
        _add(value.to_dict(), parts)
    else:
        raise TypeError(f"no bits of a {type(value).__name__}")


def run_program(program: str, *, seconds: float = 120) -> str:
    """Run a program in a fresh interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
