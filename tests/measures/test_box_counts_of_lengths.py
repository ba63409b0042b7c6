"""Boxes of real sizes: weighted graphs, metric spaces, and their dimension."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerscope as ls
from layerscope._reference import fractal as twin
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from tests import _networks as made


def test_weighted_sizes_are_lengths():
    # A path of lengths 0.5: the hop counts of sizes l are those of lengths l / 2.
    edges = made.path(40)
    by_steps = ls.box_counts(ls.Graph.from_edges(edges), sizes=[1, 2, 3, 7], n_repeats=4)
    graph = ls.Graph.from_edges(edges, weights=[0.5] * len(edges))
    by_length = ls.box_counts(graph, weighted=True, sizes=[0.5, 1, 1.5, 3.5], n_repeats=4)
    np.testing.assert_array_equal(by_length.all_counts, by_steps.all_counts)
    assert by_length.sizes.dtype == np.float64
    assert by_length.diameter == 19.5
    default = ls.box_counts(graph, weighted=True)
    assert (default.counts[0], default.counts[-1]) == (40, 1)
    assert len(default.sizes) == 20
    assert (ls.box_counts(graph, weighted=True, method="memb", sizes=[0.4]).counts == 40).all()


def test_two_far_ends_and_a_bridge_of_length_zero():
    graph = ls.Graph.from_edges([(0, 1), (1, 2)], weights=[0.0, 3.0])
    assert ls.boxes(graph, 1.0, weighted=True).tolist() == [0, 0, 1]
    assert ls.boxes(graph, 3.0, weighted=True).tolist() in ([0, 0, 1], [0, 1, 1], [0, 1, 0])
    assert ls.boxes(graph, 3.0, weighted=True, method="memb").tolist() == [0, 0, 0]


@st.composite
def lengths(draw, most=12):
    n = draw(st.integers(2, most))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node), min_size=1, max_size=3 * n, unique=True))
    edges = sorted({(min(edge), max(edge)) for edge in edges})
    weights = [draw(st.integers(0, 12)) / 4 for _ in edges]
    return ls.Graph.from_edges(edges, n_nodes=n, weights=weights)


@given(lengths())
def test_path_lengths_are_those_of_the_twin(graph):
    expected = twin.lengths(graph)
    np.testing.assert_array_equal(ls.path_lengths(graph), expected)
    np.testing.assert_array_equal(ls.path_lengths(graph, sources=[1, 0]), expected[[1, 0]])


@given(lengths(), st.sampled_from([0.25, 0.75, 1.5, 4.0]))
def test_boxes_of_lengths_are_coverings(graph, size):
    table = twin.lengths(graph)
    for method in ("greedy", "cbb", "memb", "obca", "random"):
        found = ls.boxes(graph, size, method=method, weighted=True)
        kind = "r_B" if method in {"memb", "random"} else "l_B"
        assert twin.is_covering(table, found, size, kind)


def test_lengths_whose_sum_overflows_are_refused():
    graph = ls.Graph.from_edges([(0, 1), (1, 2)], weights=[1e308, 1e308])
    for call in (ls.path_lengths, lambda graph: ls.box_counts(graph, weighted=True)):
        with pytest.raises(InvalidInputError, match="graph must have lengths whose sum") as raised:
            call(graph)
        assert raised.value.argument == "graph"


@pytest.mark.parametrize("factor", [2.0**-600, 0.5, 1024.0, 3.7e5, 1e200])
@pytest.mark.parametrize("method", ["greedy", "cbb", "memb"])
def test_the_unit_of_length_changes_no_dimension(factor, method):
    rng = np.random.default_rng(5)
    edges = made.grid(17, 17)
    weights = rng.lognormal(0, 0.4, len(edges))
    one, other = (
        ls.fractal_dimension(
            ls.Graph.from_edges(edges, weights=scale * weights),
            method=method,
            weighted=True,
            n_repeats=2,
        )
        for scale in (1.0, factor)
    )
    assert one.supported
    assert one.size_unit == "length"
    np.testing.assert_array_equal(one.counts, other.counts)
    assert other.n_sizes == one.n_sizes
    assert other.value == pytest.approx(one.value, rel=1e-9)
    assert other.ratio == pytest.approx(one.ratio, rel=1e-6)
    np.testing.assert_allclose(other.sizes, factor * one.sizes, rtol=1e-9)


def test_unit_lengths_and_steps_count_from_the_same_size_on():
    graph = made.graph(made.grid(15, 15))
    steps = ls.fractal_dimension(ls.box_counts(graph, n_repeats=3))
    sizes = np.arange(1.0, 30)
    lengths = ls.fractal_dimension(ls.box_counts(graph, weighted=True, sizes=sizes, n_repeats=3))
    assert lengths.window[0] in (2, 3)  # a few boxes more than half of the nodes at size 2
    assert lengths.window[1] == steps.window[1]
    np.testing.assert_array_equal(lengths.counts, steps.counts)


@given(st.integers(1, 9), st.integers(0, 10**6))
def test_metric_boxes_are_those_of_the_twin(n, seed):
    rng = np.random.default_rng(seed)
    table = np.triu(rng.random((n, n)), 1)
    table = table + table.T
    sizes = [0.1, 0.4, 0.8, 1.0]
    found = ls.metric_box_counts(table, sizes=sizes)
    assert found.counts.tolist() == [twin.linkage_count(table, size) for size in sizes]
    default = ls.metric_box_counts(table)
    assert default.counts[-1] == 1
    assert default.counts[0] == n


def test_samples_of_a_layer_have_a_dimension_by_their_distances():
    rng = np.random.default_rng(0)
    values = []
    for d in (1, 2, 3, 5):
        points = rng.random((700, d)) @ np.linalg.qr(rng.normal(size=(7, 7)))[0][:d]
        counts = ls.metric_box_counts(ls.feature_network(points.T).distances, n_sizes=30)
        found = ls.fractal_dimension(counts)
        assert found.supported
        values.append(found.value)
        scaled = ls.metric_box_counts(ls.feature_network(64 * points.T).distances, n_sizes=30)
        assert ls.fractal_dimension(scaled).value == pytest.approx(found.value, rel=1e-9)
    # Few points bias all of them low, the more so the more dimensions there are.
    assert values[0] == pytest.approx(1, abs=0.25)
    assert (np.diff(values) > 0.25).all()
    assert (np.array(values) < (1, 2, 3, 5)).all()
    assert "murtagh1983" in ls.cite(counts)


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        (np.zeros((2, 3)), "square"),
        (np.zeros((0, 0)), "square"),
        ([[0, 1], [2, 0]], "symmetric"),
        ([[1, 1], [1, 0]], "zeros on the diagonal"),
        ([[0, np.nan], [np.nan, 0]], "finite"),
        ([[0, -1], [-1, 0]], "none negative"),
        ([["a"]], "numbers"),
    ],
)
def test_wrong_tables_are_refused(table, rule):
    with pytest.raises((InvalidInputError, InvalidTypeError), match=rule) as raised:
        ls.metric_box_counts(table)
    assert raised.value.argument == "distances"


def test_a_short_memory_limit_of_a_metric_space():
    table = np.zeros((50, 50))
    with pytest.raises(MemoryLimitError, match="at least 20000 bytes"):
        ls.metric_box_counts(table, memory_limit=1000)
    with pytest.raises(MemoryLimitError, match="sources="):
        ls.path_lengths(made.graph(made.ring(50)), memory_limit=1000)


def test_tables_that_round_differently_in_the_two_directions():
    X = np.random.default_rng(0).normal(size=(200, 4))
    table = ls.path_lengths(ls.neighbors(X, n_neighbors=6).graph(weight="distance"))
    assert (table != table.T).any()
    found = ls.metric_box_counts(table)
    larger = ls.metric_box_counts(np.maximum(table, table.T))
    np.testing.assert_array_equal(found.counts, larger.counts)
    np.testing.assert_array_equal(found.sizes, larger.sizes)
    table[3, 5] *= 1 + 1e-6
    with pytest.raises(InvalidInputError, match="distances must be symmetric"):
        ls.metric_box_counts(table)


@pytest.mark.parametrize("lengths", [(1e-310, 1e300), (1e-300, 1e300), (1e-9, 1e9)])
def test_default_sizes_of_far_lengths_are_finite(lengths):
    graph = ls.Graph.from_edges([(0, 1), (1, 2)], weights=lengths)
    found = ls.box_counts(graph, weighted=True)
    assert np.isfinite(found.sizes).all()
    assert (np.diff(found.sizes) > 0).all()
    assert (found.sizes[0], found.sizes[-1]) == (lengths[0], np.nextafter(sum(lengths), np.inf))
    again = ls.box_counts(graph, weighted=True, sizes=found.sizes)
    np.testing.assert_array_equal(again.counts, found.counts)


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_a_small_world_of_far_lengths_is_one(factor):
    X = np.random.default_rng(1).normal(size=(300, 40))
    table = np.linalg.norm(X[:, None] - X, axis=2)
    one, other = (ls.fractal_dimension(ls.metric_box_counts(table * s)) for s in (1.0, factor))
    assert one.ratio > 1
    assert other.ratio == pytest.approx(one.ratio, rel=1e-6)
    assert other.warnings == one.warnings
