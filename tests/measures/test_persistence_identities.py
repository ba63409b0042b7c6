"""The identities of NNTS and NNTP that the definitions imply, one test a sentence."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import nntp, nnts
from layerscope._reference import persistence as twin
from tests.measures.test_persistence import lists_of, stacks


@st.composite
def clouds(draw):
    """Two related layers without ties, and a k."""
    n = draw(st.integers(8, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=(n, draw(st.integers(2, 6))))
    return x, x + rng.normal(size=x.shape), draw(st.integers(1, n - 1)), rng


@given(clouds())
def test_nnts_does_not_see_isometry_and_positive_scaling(case):
    x, y, k, rng = case
    rotation = np.linalg.qr(rng.normal(size=(x.shape[1],) * 2))[0]
    moved = 10.0 ** rng.uniform(-3, 3) * (y @ rotation) + rng.normal(size=y.shape[1])
    found = nnts({"x": x, "y": y, "moved": moved}, n_neighbors=(k,), n_bootstrap=0)
    assert found.matrix[1, 2] == 1.0
    assert found.matrix[0, 1] == found.matrix[0, 2]


@given(clouds())
def test_nnts_does_not_see_the_order_of_samples_and_of_features(case):
    x, y, k, rng = case
    plain = nnts({"x": x, "y": y}, n_neighbors=(k,), n_bootstrap=0)
    samples, features = rng.permutation(len(x)), rng.permutation(x.shape[1])
    mixed = {"x": x[samples][:, features], "y": y[samples]}
    found = nnts(mixed, n_neighbors=(k,), n_bootstrap=0)
    np.testing.assert_array_equal(found.matrix, plain.matrix)


@given(stacks())
def test_overlap_adjusted_and_per_sample_are_those_of_the_sets(case):
    stack, k = case
    found = nnts(stack, n_neighbors=k, n_bootstrap=0, per_sample=True)
    lists = lists_of(stack, k)
    for smaller in found.ks:
        sets = [[set(row[:smaller].tolist()) for row in table] for table in lists]
        overlap = [
            [np.mean([len(p & q) for p, q in zip(a, b, strict=True)]) / smaller for b in sets]
            for a in sets
        ]
        np.testing.assert_allclose(found.overlap_by_k[smaller - 1], overlap, atol=1e-12)
    jaccard = [
        [[len(p & q) / len(p | q) for p, q in zip(a, b, strict=True)] for b in sets] for a in sets
    ]
    np.testing.assert_array_equal(found.per_sample, np.array(jaccard, dtype=np.float32))
    chance = twin.chance(len(lists[0]), k)
    if chance < 1.0:
        expected = (found.matrix - chance) / (1 - chance)
        np.testing.assert_allclose(found.adjusted, expected, atol=1e-12)


def test_the_interval_is_as_wide_as_the_spread_of_the_samples_says():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(400, 5))
    found = nnts({"x": x, "y": x + rng.normal(size=x.shape)}, n_bootstrap=4000, per_sample=True)
    values = found.per_sample[0, 1].astype(float)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert found.matrix[0, 1] - found.low[0, 1] == pytest.approx(half, rel=0.1)
    assert found.high[0, 1] - found.matrix[0, 1] == pytest.approx(half, rel=0.1)


def test_independent_layers_score_chance():
    rng = np.random.default_rng(7)
    for n, k in ((500, 10), (500, 100), (500, 400)):
        found = nnts(
            {"x": rng.normal(size=(n, 8)), "y": rng.normal(size=(n, 8))},
            n_neighbors=(k,),
            n_bootstrap=0,
        )
        assert found.adjusted[0, 1] == pytest.approx(0.0, abs=0.02)


@given(stacks(most_layers=6))
def test_runs_cover_what_is_present(case):
    stack, k = case
    found = nntp(stack, n_neighbors=k)
    present = [twin.edges(lists) for lists in lists_of(stack, k)]
    n, depth = len(next(iter(stack.values()))), len(present)
    for v in range(depth):
        assert found.counts[: v + 1, v:].sum() == len(present[v])
        assert n * k / 2 <= len(present[v]) <= n * k
    for v in range(depth - 1):
        assert found.counts[: v + 1, v + 1 :].sum() == len(present[v] & present[v + 1])


@given(stacks(most_layers=8))
def test_runs_never_grow_with_the_gap_and_end_at_one_per_pair(case):
    stack, k = case
    depth = len(stack)
    found = [nntp(stack, n_neighbors=k, gap=gap) for gap in range(depth + 1)]
    runs = [one.counts.sum() for one in found]
    assert all(later <= earlier for earlier, later in itertools.pairwise(runs))
    pairs = set().union(*(twin.edges(lists) for lists in lists_of(stack, k)))
    assert all(count == len(pairs) for count in runs[max(depth - 2, 0) :])
    # What is said of raw presence does not know the gap.
    for one in found[1:]:
        np.testing.assert_array_equal(one.births, found[0].births)
        np.testing.assert_array_equal(one.deaths, found[0].deaths)
        np.testing.assert_array_equal(one.n_edges, found[0].n_edges)


@given(stacks(most_layers=1), st.integers(1, 6), st.integers(0, 3))
def test_identical_layers_put_every_pair_into_first_to_last(case, depth, gap):
    stack, k = case
    (x,) = stack.values()
    found = nntp({str(layer): x for layer in range(depth)}, n_neighbors=k, gap=gap)
    assert found.counts[0, -1] == found.counts.sum() == found.n_edges[0]
    assert found.lifetimes[depth] == found.counts.sum()


@given(stacks(most_layers=6), st.integers(0, 5))
def test_lifetimes_end_to_end_and_cancelled_are_those_of_the_pairs(case, gap):
    stack, k = case
    found = nntp(stack, n_neighbors=k, gap=gap)
    present = [twin.edges(lists) for lists in lists_of(stack, k)]
    depth = len(present)
    lengths = np.zeros(depth + 1, dtype=int)
    for first, last in itertools.combinations_with_replacement(range(depth), 2):
        lengths[last - first + 1] += found.counts[first, last]
    np.testing.assert_array_equal(found.lifetimes, lengths)
    through = set()
    for pair in present[0] & present[-1]:
        held = [layer for layer, pairs in enumerate(present) if pair in pairs]
        if all(later - earlier - 1 <= gap for earlier, later in itertools.pairwise(held)):
            through.add(pair)
    assert [tuple(pair) for pair in found.end_to_end.tolist()] == sorted(through)
    for a, b in itertools.product(range(depth), repeat=2):
        gone = [tuple(pair) for pair in found.cancelled(a, f"layer{b}").tolist()]
        assert gone == sorted(present[a] - present[b])


@pytest.mark.parametrize("gap", [0, 1, 63, 64, 150])
def test_chains_longer_than_a_word_of_layers(gap):
    rng = np.random.default_rng(8)
    layers = [rng.integers(0, 3, size=(12, 2)).astype(float)]
    for _ in range(149):
        moved = rng.random(12) < 0.2
        layers.append(np.where(moved[:, None], rng.integers(0, 3, size=(12, 2)), layers[-1]))
    stack = {f"layer{i}": layer for i, layer in enumerate(layers)}
    found = nntp(stack, n_neighbors=3, gap=gap)
    np.testing.assert_array_equal(found.counts, twin.nntp_counts(lists_of(stack, 3), gap))
    if gap == 0:
        similarity = nnts(stack, n_neighbors=3, n_bootstrap=0).matrix
        np.testing.assert_allclose(similarity, twin.nnts_matrix(lists_of(stack, 3), 3), atol=1e-12)
