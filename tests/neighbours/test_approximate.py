"""Approximate neighbours: what the result says about itself, and that it is true."""

from __future__ import annotations

import numpy as np
import pytest

from layerscope import neighbors
from layerscope.errors import InvalidInputError, MemoryLimitError

N, D, K = 12_000, 24, 10


@pytest.fixture(scope="module")
def data() -> np.ndarray:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(30, D))
    X = centres[rng.integers(30, size=N)] + rng.normal(size=(N, D))
    X[5] = X[17]  # a duplicate
    return X.astype(np.float32)


def shared(some: np.ndarray, every: np.ndarray) -> float:
    hits = [len(np.intersect1d(a, b)) for a, b in zip(some, every, strict=True)]
    return float(np.mean(hits)) / every.shape[1]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_recall_is_as_reported_and_distances_are_exact(data: np.ndarray, metric: str) -> None:
    found = neighbors(data, n_neighbors=K, metric=metric, method="approximate")
    exact = neighbors(data, n_neighbors=K, metric=metric)
    assert found.method == "approximate"
    assert found.settings["method"] == "approximate"
    assert found.recall is not None
    assert found.recall_low is not None
    assert found.recall_high is not None
    assert 0 <= found.recall_low <= found.recall <= found.recall_high <= 1
    assert found.recall >= 0.98
    # The sample of rows is a few hundred: allow four standard errors of a share near one.
    assert abs(shared(found.indices, exact.indices) - found.recall) < 0.02
    assert found.n_duplicate_rows == exact.n_duplicate_rows == 1
    same = (found.indices == exact.indices).all(axis=1)
    assert same.sum() > N // 2
    np.testing.assert_array_equal(found.distances[same], exact.distances[same])
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert "recall" in str(found)


def test_threads_do_not_show_and_the_seed_is_kept(data: np.ndarray) -> None:
    runs = [
        neighbors(data, n_neighbors=K, method="approximate", random_state=4, n_jobs=n)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(runs[0].indices, runs[1].indices)
    np.testing.assert_array_equal(runs[0].distances, runs[1].distances)
    assert runs[0].recall == runs[1].recall
    assert runs[0].settings["random_state"] == 4


def test_small_input_is_searched_exactly_and_says_so(data: np.ndarray) -> None:
    few = data[:500]
    found = neighbors(few, n_neighbors=K, method="approximate")
    assert found.method == "exact"
    assert found.recall is None
    assert any("exact although" in warning for warning in found.warnings)
    np.testing.assert_array_equal(found.indices, neighbors(few, n_neighbors=K).indices)


def test_auto_is_exact_below_its_size(data: np.ndarray) -> None:
    found = neighbors(data[:2000], n_neighbors=K, method="auto")
    assert found.method == "exact"
    assert not any("exact although" in warning for warning in found.warnings)


def test_groups_are_kept_apart(data: np.ndarray) -> None:
    groups = np.arange(N) // 4
    found = neighbors(data, n_neighbors=K, method="approximate", groups=groups)
    assert found.method == "approximate"
    assert not (groups[found.indices] == groups[:, None]).any()


def test_wrong_input(data: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="random_state must be at least 0; got -1"):
        neighbors(data, method="approximate", random_state=-1)
    with pytest.raises(MemoryLimitError):
        neighbors(data, method="approximate", memory_limit=1000)
    bad = data.copy()
    bad[7, 3] = np.nan
    with pytest.raises(InvalidInputError, match="X must be finite; got nan at row 7, column 3"):
        neighbors(bad, method="approximate")
