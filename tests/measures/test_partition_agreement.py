"""Agreement of partitions: against scikit-learn, against its exact twin, at its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

import layerscope as ls
from layerscope._reference import partition_agreement as twin
from layerscope.measures._partition_agreement import partition_agreement

SCORES = {
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.normalized_mutual_info_score,
}


@st.composite
def partitions(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Two partitions, the second a disturbed copy of the first or unrelated to it."""
    n = draw(st.integers(1, 60))
    first = draw(st.lists(st.integers(0, draw(st.integers(0, 12))), min_size=n, max_size=n))
    other = draw(st.lists(st.integers(0, draw(st.integers(0, 12))), min_size=n, max_size=n))
    keep = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    if draw(st.booleans()):
        other = [a if kept else b for a, b, kept in zip(first, other, keep, strict=True)]
    return first, other


@given(partitions())
def test_equals_scikit_learn(pair: tuple[list[int], list[int]]) -> None:
    found, classes = pair
    got = partition_agreement(found, classes)
    for name, score in SCORES.items():
        assert getattr(got, name) == pytest.approx(score(classes, found), abs=1e-10), name


@given(partitions())
def test_equals_its_twin(pair: tuple[list[int], list[int]]) -> None:
    found, classes = pair
    got = partition_agreement(found, classes)
    for name, expected in twin.agreement(found, classes).items():
        assert getattr(got, name) == pytest.approx(expected, abs=1e-12), name
    for label, torn in got.fragmentation.items():
        assert torn == pytest.approx(twin.fragmentation(found, classes, label), abs=1e-15)


@given(partitions(), st.randoms(use_true_random=False))
def test_names_do_not_matter(pair: tuple[list[int], list[int]], random: object) -> None:
    found, classes = pair
    names = list(range(100, 113))
    random.shuffle(names)  # type: ignore[attr-defined]
    one = partition_agreement(found, classes)
    other = partition_agreement([f"c{names[part]}" for part in found], classes)
    for name in ("ami", "ari", "nmi", "purity"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12)


def test_large_partitions_equal_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    classes = rng.integers(100, size=20_000)
    found = np.where(rng.random(20_000) < 0.6, classes * 3, 0) + rng.integers(3, size=20_000)
    got = partition_agreement(found, classes)
    for name, score in SCORES.items():
        assert getattr(got, name) == pytest.approx(score(classes, found), abs=1e-10), name


def test_unrelated_partitions_are_no_better_than_chance() -> None:
    rng = np.random.default_rng(0)
    got = partition_agreement(rng.integers(50, size=5_000), rng.integers(20, size=5_000))
    assert abs(got.ami) < 0.01
    assert abs(got.ari) < 0.01
    assert got.nmi > 0.02  # which is why ami is there


@pytest.mark.parametrize("labels", [[], [4], [7, 7, 7], list(range(9))])
def test_a_partition_agrees_with_itself(labels: list[int]) -> None:
    got = partition_agreement(labels, [str(label) for label in labels])
    assert (got.ami, got.ari, got.nmi, got.purity) == (1.0, 1.0, 1.0, 1.0)


def test_one_part_beside_several_is_no_agreement() -> None:
    halves = [0, 0, 0, 1, 1, 1]
    got = partition_agreement([5] * 6, halves)
    assert (got.ami, got.ari, got.nmi, got.purity) == (0.0, 0.0, 0.0, 0.5)
    got = partition_agreement(halves, [5] * 6)
    assert (got.ami, got.ari, got.nmi, got.purity) == (0.0, 0.0, 0.0, 1.0)
    assert got.fragmentation == {5: pytest.approx(9 / 15)}


def test_all_apart_beside_classes() -> None:
    got = partition_agreement(range(6), list("aabbbc"))
    assert got.ami == pytest.approx(0.0, abs=1e-12)
    assert got.purity == 1.0
    assert got.fragmentation == {"a": 1.0, "b": 1.0, "c": 0.0}  # one member cannot be torn


def test_the_largest_class_of_each_community() -> None:
    got = partition_agreement([0, 0, 0, 1, 1, 2, 2], list("xxyyyyx"))
    assert got.majority == ("x", "y", "x")
    np.testing.assert_allclose(got.majority_share, [2 / 3, 1.0, 0.5])


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(ls.errors.InvalidInputError, match="labels"):
        partition_agreement([0, 1], [0, 1, 2])
    with pytest.raises(ls.errors.InvalidInputError, match="labels"):
        partition_agreement([0, 1], [0, math.nan])


def test_threads_decide_nothing() -> None:
    rng = np.random.default_rng(1)
    found, classes = rng.integers(400, size=4_000), rng.integers(60, size=4_000)
    one, *others = [repr(partition_agreement(found, classes, n_jobs=jobs)) for jobs in (1, 2, 7)]
    assert all(other == one for other in others)
