"""NNTS and NNTP against their twins, and the identities that the definitions imply."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import _core, neighbors, nntp, nnts
from layerscope._reference import persistence as twin
from layerscope.errors import InvalidInputError, InvalidTypeError


@st.composite
def stacks(draw, most_layers=5):
    """Layers of the same samples on a small grid, so that ties and duplicates are common."""
    n = draw(st.integers(3, 14))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    layers = [rng.integers(0, 4, size=(n, 2)).astype(float)]
    for _ in range(draw(st.integers(1, most_layers)) - 1):
        moved = rng.random(n) < 0.3
        layers.append(np.where(moved[:, None], rng.integers(0, 4, size=(n, 2)), layers[-1]))
    k = draw(st.integers(1, n - 1))
    return {f"layer{i}": layer for i, layer in enumerate(layers)}, k


def lists_of(stack, k):
    return [neighbors(x, n_neighbors=k).indices for x in stack.values()]


@given(stacks())
def test_nnts_equals_the_sets_at_every_k(case):
    stack, k = case
    result = nnts(stack, n_neighbors=k, n_bootstrap=0)
    lists = lists_of(stack, k)
    assert result.ks == tuple(range(1, k + 1))
    for at, smaller in enumerate(result.ks):
        np.testing.assert_allclose(result.by_k[at], twin.nnts_matrix(lists, smaller), atol=1e-12)
    np.testing.assert_array_equal(result.matrix, result.by_k[-1])
    np.testing.assert_array_equal(result.matrix, result.matrix.T)
    np.testing.assert_array_equal(np.diag(result.matrix), 1.0)
    o = result.overlap
    assert (o / (2 - o) <= result.matrix + 1e-12).all()
    assert (result.matrix <= o + 1e-12).all()
    if k == len(next(iter(stack.values()))) - 1:
        np.testing.assert_array_equal(result.matrix, 1.0)
        assert result.chance == 1.0
        np.testing.assert_array_equal(result.adjusted, 1.0)
    assert np.isnan(result.low).all()


@given(stacks(most_layers=7), st.integers(0, 6))
def test_nntp_equals_the_walk_and_keeps_its_identities(case, gap):
    stack, k = case
    result = nntp(stack, n_neighbors=k, gap=gap)
    lists = lists_of(stack, k)
    depth = len(lists)
    np.testing.assert_array_equal(result.counts, twin.nntp_counts(lists, gap))
    present = [twin.edges(layer) for layer in lists]
    assert result.n_edges.tolist() == [len(pairs) for pairs in present]
    steps = list(itertools.pairwise(present))
    assert result.births.tolist() == [len(after - before) for before, after in steps]
    assert result.deaths.tolist() == [len(before - after) for before, after in steps]
    assert result.lifetimes.shape == (depth + 1,)
    assert result.lifetimes[0] == 0
    assert result.lifetimes.sum() == result.counts.sum()
    shares = [result.counts[v, v] / len(present[v]) for v in range(depth)]
    np.testing.assert_allclose(result.transient_share, shares)
    assert len(result.end_to_end) == result.counts[0, -1]
    assert set(map(tuple, result.end_to_end.tolist())) <= present[0] & present[-1]
    gone = result.cancelled(0, -1)
    assert set(map(tuple, gone.tolist())) == present[0] - present[-1]
    if gap >= depth - 2:
        assert result.counts.sum() == len(set().union(*present))
    backwards = nntp(dict(reversed(stack.items())), n_neighbors=k, gap=gap)
    np.testing.assert_array_equal(result.counts, backwards.counts[::-1, ::-1].T)


def test_identical_layers_put_every_pair_into_first_to_last():
    x = np.random.default_rng(0).normal(size=(40, 3))
    result = nntp({"a": x, "b": x, "c": x}, n_neighbors=4)
    assert result.counts[0, 2] == result.n_edges[0] == result.counts.sum()
    assert not result.births.any()
    assert not result.deaths.any()


@pytest.mark.parametrize(("n", "k"), [(2, 1), (10, 3), (10, 8), (50, 15), (200, 199), (120, 100)])
def test_chance_is_the_hypergeometric_mean(n, k):
    assert _core.nnts_chance(n, k) == pytest.approx(twin.chance(n, k), rel=1e-12)


def test_nnts_does_not_see_isometry_scaling_or_order():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 6))
    y = x + 0.5 * rng.normal(size=x.shape)
    turned = 3.0 * x @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 5.0
    assert nnts({"x": x, "turned": turned}, n_bootstrap=0).matrix[0, 1] == 1.0
    order = rng.permutation(150)
    plain = nnts({"x": x, "y": y}, n_bootstrap=0).matrix
    shuffled = nnts({"x": x[order], "y": y[order][:, ::-1]}, n_bootstrap=0).matrix
    np.testing.assert_allclose(plain, shuffled, atol=1e-12)


def test_a_tuple_means_those_k_and_the_interval_holds_the_value():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 5))
    stack = {"x": x, "y": x + rng.normal(size=x.shape), "z": rng.normal(size=x.shape)}
    some = nnts(stack, n_neighbors=(40, 5), per_sample=True)
    every = nnts(stack, n_neighbors=40, n_bootstrap=0)
    assert some.ks == (5, 40)
    np.testing.assert_array_equal(some.by_k, every.by_k[[4, 39]])
    upper = np.triu_indices(3, 1)
    assert (some.low[upper] < some.matrix[upper]).all()
    assert (some.matrix[upper] < some.high[upper]).all()
    np.testing.assert_allclose(some.per_sample.mean(axis=2), some.matrix, atol=1e-6)
    assert some.per_sample.dtype == np.float32
    independent = some.adjusted[0, 2]
    assert abs(independent) < 0.05
    assert some.to_pandas().shape == (3, 7)
    for at, k in enumerate(some.ks):  # every k of a tuple as if it had been asked for alone
        alone = nnts(stack, n_neighbors=[k], per_sample=True)
        np.testing.assert_array_equal(some.per_sample_by_k[at], alone.per_sample)
        np.testing.assert_array_equal(some.low_by_k[at], alone.low)
        np.testing.assert_array_equal(some.high_by_k[at], alone.high)
    np.testing.assert_array_equal(some.per_sample, some.per_sample_by_k[-1])
    np.testing.assert_array_equal(some.low, some.low_by_k[-1])


def test_an_integer_keeps_samples_and_intervals_at_the_largest_k():
    result = nnts({"a": X, "b": X[::-1]}, n_neighbors=4, per_sample=True)
    assert result.per_sample_by_k is None
    assert np.isnan(result.low_by_k[:-1]).all()
    np.testing.assert_array_equal(result.low_by_k[-1], result.low)
    np.testing.assert_array_equal(result.high_by_k[-1], result.high)


@pytest.mark.parametrize("ks", [[2, 5], range(2, 6, 3), np.array([5, 2]), np.array([2, 5, 5])])
def test_any_sequence_of_k_is_a_tuple(ks):
    result = nnts({"a": X, "b": X[::-1]}, n_neighbors=ks)
    assert result.ks == (2, 5)
    assert result.settings["n_neighbors"] == (2, 5)


@pytest.mark.parametrize("n_jobs", [2, 7])
def test_threads_do_not_show(n_jobs):
    rng = np.random.default_rng(3)
    stack = {str(i): rng.normal(size=(257, 4)) for i in range(4)}
    one, many = nnts(stack, n_jobs=1), nnts(stack, n_jobs=n_jobs)
    for name in ("by_k", "overlap", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
    assert nntp(stack, n_jobs=1).to_dict() == nntp(stack, n_jobs=n_jobs).to_dict()


X = np.random.default_rng(4).normal(size=(20, 3))


@pytest.mark.parametrize(
    ("call", "error", "argument", "rule"),
    [
        (lambda: nnts({}), InvalidInputError, "stack", "at least one"),
        (lambda: nnts({"a": X, "b": X[:19]}), InvalidInputError, "stack", "rows"),
        (lambda: nnts({"a": X}, n_neighbors=20), InvalidInputError, "n_neighbors", "below"),
        (lambda: nnts({"a": X}, n_neighbors=()), InvalidInputError, "n_neighbors", "at least one"),
        (lambda: nnts({"a": X}, n_neighbors=(0,)), InvalidInputError, "n_neighbors", "at least 1"),
        (lambda: nnts({"a": X}, n_neighbors=2.5), InvalidTypeError, "n_neighbors", "integer"),
        (lambda: nnts({"a": X}, n_neighbors=range(0)), InvalidInputError, "n_neighbors", "one k"),
        (lambda: nnts({"a": X}, n_neighbors=[2.5]), InvalidTypeError, "n_neighbors", "integer"),
        (lambda: nnts({"a": X}, n_neighbors="15"), InvalidTypeError, "n_neighbors", "integer"),
        (
            lambda: nnts({"a": X}, n_neighbors=np.array([[3]])),
            InvalidInputError,
            "n_neighbors",
            "one dimension",
        ),
        (lambda: nnts({"a": X}, n_bootstrap=-1), InvalidInputError, "n_bootstrap", "at least 0"),
        (lambda: nnts({"a": X}, metric="l1"), InvalidInputError, "metric", "one of"),
        (lambda: nntp({"a": X}, gap=-1), InvalidInputError, "gap", "at least 0"),
        (lambda: nntp({"a": X}).cancelled("a", "b"), InvalidInputError, "b", "one of 'a'"),
    ],
)
def test_wrong_input(call, error, argument, rule):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.argument == argument
    assert rule in caught.value.rule


@pytest.mark.parametrize("measure", [nnts, nntp])
@pytest.mark.parametrize(
    "wrong",
    [
        {"n_jobs": 0},
        {"memory_limit": "much"},
        {"metric": "l1"},
        {"n_neighbors": 0},
        {"progress": 3},
    ],
)
def test_no_layer_is_blamed_for_an_argument(measure, wrong):
    with pytest.raises((InvalidInputError, InvalidTypeError)) as caught:
        measure({"a": X, "b": X}, **wrong)
    assert caught.value.layer is None
    assert caught.value.argument in wrong


def test_layers_are_named_by_any_integer_but_not_by_a_truth():
    result = nntp({"a": X, "b": X[::-1]}, n_neighbors=3)
    np.testing.assert_array_equal(result.cancelled(np.int64(0), -1), result.cancelled("a", "b"))
    with pytest.raises(InvalidInputError, match="a position; got True"):
        result.cancelled(True, 1)
    with pytest.raises(InvalidInputError, match="a position"):
        result.cancelled(0, np.int64(2))
