"""Neighbors: what is told of a search, its prefixes and its graphs."""

import copy
import json
import math
import pickle

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from layerscope import bfloat16, estimate_memory, neighbors
from layerscope._reference.graphs import dense, hubness, symmetrize
from layerscope._settings import METRICS
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from layerscope.neighbours import as_neighbors

# The points of the worked example in docs/neighbours.md.
POINTS = np.array([(1, 0), (4, 1), (1, 1), (1, 3), (0, 1), (-1, 3)], float)
RULES = ("mean", "union", "mutual", None)
WEIGHTS = ("auto", "similarity", "distance", "binary")


def gaussian(n_rows, n_columns=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, n_columns))


@st.composite
def layers(draw):
    """Small whole numbers: full of duplicates, ties and zero rows."""
    n_rows, n_columns = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    entry = st.integers(-2, 2)
    size = n_rows * n_columns
    values = draw(st.lists(entry, min_size=size, max_size=size))
    k = draw(st.integers(1, n_rows - 1))
    return np.array(values, float).reshape(n_rows, n_columns), k


def same(one, other):
    """Compare two results to the bit; NaN equals NaN."""
    assert one.to_dict() == other.to_dict()
    np.testing.assert_array_equal(one._values, other._values)
    np.testing.assert_array_equal(one._tied, other._tied)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_same_neighbours_as_scikit_learn(metric):
    X = gaussian(80)
    found = neighbors(X, n_neighbors=7, metric=metric)
    brute = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute").fit(X)
    distances, indices = brute.kneighbors()
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-10, atol=1e-12)


def test_what_a_result_tells():
    found = neighbors(gaussian(40), n_neighbors=3)
    assert (found.n_samples, found.n_reference, found.n_neighbors) == (40, 40, 3)
    assert (found.metric, found.method) == ("euclidean", "exact")
    assert (found.recall, found.recall_low, found.recall_high) == (None, None, None)
    assert (found.n_tied_rows, found.n_duplicate_rows, found.n_zero_rows) == (0, 0, 0)
    assert (found.indices.dtype, found.distances.dtype) == (np.uint32, np.float64)
    assert found.indices.shape == found.distances.shape == (40, 3)
    assert found.warnings == ()
    assert found.settings.items() >= {"function": "neighbors", "n_neighbors": 3}.items()
    assert {"version", "metric", "method", "n_samples", "n_features"} <= set(found.settings)
    assert type(found.settings["n_neighbors"]) is int
    assert "n_jobs" not in found.settings
    text = repr(found)
    assert "n_neighbors       3" in text
    assert "hubness" in text
    assert "recall" not in text
    with pytest.raises(TypeError, match="no single main number"):
        float(found)


def test_the_default_is_fifteen_euclidean_and_auto_is_exact():
    found = neighbors(gaussian(20), method="auto")
    assert (found.n_neighbors, found.metric, found.method) == (15, "euclidean", "exact")
    assert found.settings["method"] == "exact"


def test_distances_by_metric():
    X = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [-3.0, 0.0]])
    cosine = neighbors(X, n_neighbors=3, metric="cosine")
    assert cosine.distances[0].tolist() == [0, 1, 2]
    product = neighbors(X, n_neighbors=3, metric="inner_product")
    assert product.distances[1].tolist() == [-2, 0, 6]
    assert not np.signbit(product.distances[1, 1])
    for metric in METRICS:
        found = neighbors(X, n_neighbors=3, metric=metric)
        assert (np.diff(found.distances, axis=1) >= 0).all()
        assert found.distances is found.distances


@given(layers())
def test_hubness_is_the_skewness_of_the_counts(case):
    X, k = case
    found = neighbors(X, n_neighbors=k)
    counts = np.bincount(found.indices.ravel(), minlength=len(X))
    expected = hubness(found.indices, len(X))
    assert found.hubness == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
    if np.ptp(counts):
        assert found.hubness == pytest.approx(scipy.stats.skew(counts), rel=1e-9, abs=1e-12)


def test_hubness_without_spread_is_nan_and_with_queries_counts_rows_of_x():
    square = np.array([[0.0, 0], [0, 1], [5, 0], [5, 1]])
    assert math.isnan(neighbors(square, n_neighbors=1).hubness)
    asked = neighbors(square, n_neighbors=1, queries=[[0.1, 0.1]] * 3)
    # Counts 3, 0, 0, 0.
    assert asked.hubness == pytest.approx(2 / math.sqrt(3))


@given(layers(), st.sampled_from(METRICS), st.data())
def test_a_prefix_is_a_fresh_search(case, metric, data):
    X, largest = case
    found = neighbors(X, n_neighbors=largest, metric=metric)
    k = data.draw(st.integers(1, largest))
    shorter = found.prefix(k)
    same(shorter, neighbors(X, n_neighbors=k, metric=metric))
    assert np.shares_memory(shorter.indices, found.indices)
    assert np.shares_memory(shorter._values, found._values)
    assert found.prefix(largest) is found
    for rule in RULES:
        fresh = neighbors(X, n_neighbors=k, metric=metric).graph(symmetrize=rule)
        assert shorter.graph(symmetrize=rule) == fresh


@given(layers(), st.sampled_from(METRICS), st.sampled_from(RULES), st.sampled_from(WEIGHTS))
def test_graphs_against_the_naive_twin(case, metric, rule, weight):
    X, k = case
    found = neighbors(X, n_neighbors=k, metric=metric)
    if weight == "similarity" and metric not in {"cosine", "pearson"}:
        with pytest.raises(InvalidInputError, match=f"weight must be .* for metric '{metric}'"):
            found.graph(symmetrize=rule, weight=weight)
        return
    graph = found.graph(symmetrize=rule, weight=weight)
    arcs = found.arc_weights(weight)
    expected = symmetrize(found.indices, arcs, rule, are_distances=weight == "distance")
    np.testing.assert_array_equal(dense(graph), expected)
    assert graph.directed == (rule is None)
    if rule is not None:
        np.testing.assert_array_equal(expected, expected.T)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_graphs_against_scipy(metric):
    found = neighbors(np.abs(gaussian(60)), n_neighbors=4, metric=metric)
    values = np.ones((60, 4)) if metric == "euclidean" else found._values
    rows = np.repeat(np.arange(60), 4)
    W = sp.csr_array((values.ravel(), (rows, found.indices.ravel().astype(int))), shape=(60, 60))
    both_ways = W.astype(bool).multiply(W.T.astype(bool))
    for rule, expected in {
        "mean": (W + W.T) / 2,
        "union": W.maximum(W.T),
        "mutual": ((W + W.T) / 2).multiply(both_ways),
        None: W,
    }.items():
        matrix = found.graph(symmetrize=rule).to_scipy()
        np.testing.assert_array_equal(matrix.toarray(), expected.toarray())
        assert matrix.has_sorted_indices


def test_the_mean_of_distances_is_the_distance():
    found = neighbors(gaussian(30), n_neighbors=3)
    mean = found.graph(symmetrize="mean", weight="distance")
    assert mean == found.graph(symmetrize="union", weight="distance")
    one_sided = found.graph().to_scipy().toarray() == 0.5
    assert one_sided.any()
    assert mean.weights.min() == found.distances.min()


WORKED = {
    "mean": ({}, [0.333298692902, 0.170636587439, -0.359788744368]),
    "union": ({"symmetrize": "union"}, [0.353655383, 0.132610061, -0.254118389]),
    "mutual": ({"symmetrize": "mutual"}, [0.306263187, 0.220943942, -0.5]),
    "binary union": (
        {"symmetrize": "union", "weight": "binary"},
        [0.357142857, 0.122448980, -0.214285714],
    ),
    "directed": ({"symmetrize": None}, [0.333298693, 0.173407732, -0.359788744]),
}


def test_worked_example_neighbours():
    found = neighbors(POINTS, n_neighbors=2, metric="cosine")
    assert found.indices.tolist() == [[1, 2], [0, 2], [3, 1], [4, 2], [3, 5], [4, 3]]
    assert found.arc_weights().sum() == pytest.approx(10.745965207, abs=1e-9)


@pytest.mark.parametrize("name", WORKED)
def test_worked_example_modularity_by_networkx(name):
    arguments, expected = WORKED[name]
    graph = neighbors(POINTS, n_neighbors=2, metric="cosine").graph(**arguments).to_networkx()
    for labels, value in zip(("000111", "000011", "010101"), expected, strict=True):
        classes = [{i for i, label in enumerate(labels) if label == c} for c in "01"]
        got = nx.community.modularity(graph, classes)
        assert got == pytest.approx(value, abs=5e-10)


@pytest.mark.parametrize("metric", METRICS)
def test_threads_never_change_a_bit(metric):
    X = np.round(gaussian(300), 1)
    one = neighbors(X, n_neighbors=6, metric=metric, n_jobs=1)
    for n_jobs in (2, 7, None):
        same(one, neighbors(X, n_neighbors=6, metric=metric, n_jobs=n_jobs))
        for rule in RULES:
            weight = "auto" if rule else "distance"
            expected = one.graph(symmetrize=rule, weight=weight, n_jobs=1)
            assert one.graph(symmetrize=rule, weight=weight, n_jobs=n_jobs) == expected


def test_warnings_say_what_was_found():
    X = np.array([[0.0, 0], [0, 0], [1, 0], [2, 0], [0, 1]])
    assert neighbors(X, n_neighbors=2, metric="cosine").warnings == (
        "1 of 5 rows equals an earlier row",
        "5 of 5 rows had a tie at neighbour 2: the smaller index decided",
        "2 of 5 rows are zero: similarity 0 to every row",
    )
    pearson = neighbors(X, n_neighbors=1, metric="pearson")
    assert pearson.warnings[-1] == "2 of 5 rows are constant: similarity 0 to every row"
    assert "warning: 1 of 5 rows equals" in repr(neighbors(X, n_neighbors=1))
    copies = neighbors(np.ones((4, 2)), n_neighbors=1)
    assert copies.warnings[0] == "3 of 4 rows equal an earlier row"
    assert (copies.n_tied_rows, copies.prefix(1).n_duplicate_rows) == (4, 3)
    assert copies.indices.ravel().tolist() == [1, 0, 0, 0]


def test_to_dict_is_json():
    found = neighbors([[0.0], [1.0], [2.0]], n_neighbors=2)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["indices"] == [[1, 2], [0, 2], [1, 0]]
    assert told["distances"] == [[1, 2], [1, 1], [1, 2]]
    assert told["hubness"] is None
    assert not [name for name in told if name.startswith("_")]
    assert {"settings", "warnings", "n_tied_rows", "recall"} <= set(told)


def test_frozen_also_after_pickling():
    found = neighbors(gaussian(10), n_neighbors=4, metric="cosine")
    found.distances  # noqa: B018  # cached now, yet not carried along
    for made in (found, found.prefix(2), pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        same(made, found.prefix(made.n_neighbors))
        for name in ("indices", "distances", "_values", "_tied"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(made, name)[0] = 0
        with pytest.raises(AttributeError):
            made.metric = "euclidean"


def test_queries_are_strangers():
    X = gaussian(12, 3)
    found = neighbors(X, n_neighbors=12, queries=X[:2])
    assert (found.n_samples, found.n_reference) == (2, 12)
    assert found.indices[:, 0].tolist() == [0, 1]
    assert found.settings["n_queries"] == 2
    with pytest.raises(InvalidInputError, match="queries must be None for a graph"):
        found.graph()
    with pytest.raises(InvalidInputError, match="queries must be None"):
        as_neighbors(found)
    # As many queries as rows do not make them the rows.
    with pytest.raises(InvalidInputError, match="got 12 rows"):
        neighbors(X, n_neighbors=2, queries=X).prefix(1).graph()


def test_groups_are_never_neighbours():
    X = np.array([[0.0], [0.1], [5.0], [5.1]])
    groups = ["a", "a", "b", "b"]
    found = neighbors(X, n_neighbors=2, groups=groups)
    assert found.indices.tolist() == [[2, 3], [2, 3], [1, 0], [1, 0]]
    assert found.settings["n_groups"] == 2
    same(found, neighbors(X, n_neighbors=2, groups=np.array([7, 7, -1, -1])))


def test_as_neighbors_searches_or_takes_what_is_there():
    X = gaussian(20)
    found = neighbors(X, n_neighbors=5, metric="cosine")
    assert as_neighbors(found) is found
    assert as_neighbors(found, metric="cosine") is found
    same(as_neighbors(found, n_neighbors=3), found.prefix(3))
    same(as_neighbors(X, n_neighbors=5, metric="cosine"), found)
    assert as_neighbors(X).n_neighbors == 15
    with pytest.raises(InvalidInputError, match=r"n_neighbors must be at most 5 .*; got 15"):
        as_neighbors(found, n_neighbors=15)
    with pytest.raises(InvalidInputError, match=r"metric must be 'cosine'.*; got 'euclidean'"):
        as_neighbors(found, metric="euclidean")
    with pytest.raises(InvalidInputError, match="metric must be one of"):
        as_neighbors(found, metric="l1")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.int8, bool])
def test_other_kinds_give_the_neighbours_of_their_values(kind):
    X = np.random.default_rng(1).integers(0, 2, size=(20, 9)).astype(kind)
    one, other = neighbors(X, n_neighbors=4), neighbors(X.astype(float), n_neighbors=4)
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_array_equal(one.distances, other.distances)


def test_bfloat16_words_and_queries_of_another_kind():
    words = bfloat16(np.array([[0x3F80], [0x4000], [0x4080]], np.uint16))  # 1, 2, 4
    assert neighbors(words, n_neighbors=1).distances.ravel().tolist() == [1, 1, 2]
    asked = neighbors(words, n_neighbors=1, queries=np.array([[3.5]], np.float64))
    assert asked.distances.tolist() == [[0.5]]


def test_memory_is_known_before():
    base = estimate_memory(1000, 64)
    assert isinstance(base, int)
    assert base >= 1000 * 15 * 12
    assert estimate_memory(1000, 64, n_neighbors=30) > base
    for dtype in ("bfloat16", "float64", np.float16, np.dtype("f4")):
        assert estimate_memory(1000, 64, dtype=dtype, n_jobs=2) > 0


POINTS_WITH_NAN = np.where(np.arange(12).reshape(6, 2) == 7, np.nan, POINTS)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: neighbors(POINTS, n_neighbors=6),
            InvalidInputError,
            r"n_neighbors must be below the number of rows \(6\); got 6",
        ),
        (
            lambda: neighbors(POINTS),
            InvalidInputError,
            r"n_neighbors must be below the number of rows \(6\); got 15",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=7, queries=POINTS),
            InvalidInputError,
            r"n_neighbors must be at most the number of rows \(6\); got 7",
        ),
        (lambda: neighbors(POINTS, n_neighbors=0), InvalidInputError, "n_neighbors .* got 0"),
        (lambda: neighbors(POINTS, n_neighbors=True), InvalidTypeError, "n_neighbors must be an"),
        (lambda: neighbors(POINTS, n_neighbors=2.5), InvalidTypeError, "n_neighbors .* got 2.5"),
        (
            lambda: neighbors(POINTS, n_neighbors=1, metric="manhattan"),
            InvalidInputError,
            "metric must be one of 'euclidean', 'cosine', .*; got 'manhattan'",
        ),
        (lambda: neighbors(POINTS, metric=None), InvalidTypeError, "metric must be one of"),
        (
            lambda: neighbors(POINTS, n_neighbors=1, method="brute"),
            InvalidInputError,
            "method must be one of 'exact', 'approximate', 'auto'; got 'brute'",
        ),
        (
            lambda: neighbors(POINTS_WITH_NAN, n_neighbors=1),
            InvalidInputError,
            "X must be finite; got nan at row 3, column 1",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, queries=[[0, np.inf]]),
            InvalidInputError,
            "queries must be finite; got inf at row 0, column 1",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, queries=[[1.0]]),
            InvalidInputError,
            r"queries must have as many columns as X \(2\); got 1",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, queries=POINTS, groups=range(6)),
            InvalidInputError,
            "groups must be None when queries are given; got both",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, groups=[1, 2]),
            InvalidInputError,
            r"groups must have one entry per row \(6\); got 2 entries",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=2, groups=[0, 0, 0, 0, 0, 1]),
            InvalidInputError,
            "groups must leave .*; got 1 for row 0",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, groups=[0, 0, 0, 0, 0, None]),
            InvalidInputError,
            "groups must not be missing; got None at row 5",
        ),
        (lambda: neighbors(POINTS, n_neighbors=1, groups=5), InvalidTypeError, "groups must be a"),
        (lambda: neighbors(POINTS, n_neighbors=1, n_jobs=0), InvalidInputError, "n_jobs .* got 0"),
        (
            lambda: neighbors(POINTS, n_neighbors=1, memory_limit="lots"),
            InvalidInputError,
            "memory_limit must be bytes or a string",
        ),
        (
            lambda: neighbors(POINTS, n_neighbors=1, progress="yes"),
            InvalidTypeError,
            "progress must be None, True or a callable",
        ),
        (lambda: neighbors(POINTS[0], n_neighbors=1), InvalidInputError, "X must have two axes"),
        (lambda: neighbors(POINTS[:1], n_neighbors=1), InvalidInputError, "n_neighbors must be be"),
        (lambda: neighbors([[]], n_neighbors=1), InvalidInputError, "X must have at least one row"),
        (lambda: neighbors([["a"]], n_neighbors=1), InvalidTypeError, "X must hold real numbers"),
        (lambda: estimate_memory(1, 5), InvalidInputError, "n_samples .* got 1"),
        (lambda: estimate_memory(9, 5), InvalidInputError, "n_neighbors must be at most 8"),
        (lambda: estimate_memory(99, 0), InvalidInputError, "n_features .* got 0"),
        (lambda: estimate_memory(99, 5, dtype="int8"), InvalidInputError, "dtype must be one of"),
        (lambda: estimate_memory(99, 5, dtype=3), InvalidTypeError, "dtype must be"),
    ],
)
def test_wrong_input_is_named(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert caught.value.argument
    assert caught.value.rule.startswith("must")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda found: found.prefix(0), "k must be an integer of at least 1; got 0"),
        (lambda found: found.prefix(3), "k must be at most 2 .*; got 3"),
        (lambda found: found.prefix("2"), "k must be an integer"),
        (
            lambda found: found.graph(symmetrize="max"),
            "symmetrize must be one of 'mean', 'union', 'mutual', None; got 'max'",
        ),
        (lambda found: found.graph(symmetrize=True), "symmetrize must be one of .*; got True"),
        (lambda found: found.graph(weight="cosine"), "weight must be one of .*; got 'cosine'"),
        (
            lambda found: found.graph(weight="similarity"),
            "weight must be 'distance', 'binary' or 'auto' for metric 'euclidean'; got 'simil",
        ),
        (lambda found: found.graph(n_jobs=-1), "n_jobs must be an integer of at least 1; got -1"),
    ],
)
def test_wrong_questions_to_a_result_are_named(call, message):
    with pytest.raises((InvalidInputError, InvalidTypeError), match=message):
        call(neighbors(POINTS, n_neighbors=2))


def test_a_memory_limit_that_cannot_hold_is_refused():
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least") as caught:
        neighbors(gaussian(500, 50), n_neighbors=5, memory_limit=1)
    assert caught.value.value == 1


def test_distances_beyond_the_largest_number_are_told():
    X = np.array([[1e308, 0.0], [-1e308, 0.0], [2e307, 1e308]])
    found = neighbors(X, n_neighbors=2)
    assert np.isinf(found.distances).sum() == 2
    assert "2 of 6 distances overflow to infinity" in found.warnings[-1]
    assert found.prefix(1).warnings == ()
    assert "6 of 6 distances" in neighbors(X, n_neighbors=2, metric="inner_product").warnings[-1]
    assert neighbors(X, n_neighbors=2, metric="cosine").warnings == ()
    assert neighbors(X / 1e10, n_neighbors=2).warnings == ()
