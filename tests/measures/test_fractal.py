"""Box coverings: tables of optimal counts, closed forms, real graphs, and the naive twins."""

from __future__ import annotations

import gzip
import json
import math

import networkx as nx
import numpy as np
import pytest
import scipy.sparse.csgraph as csgraph
from hypothesis import given
from hypothesis import strategies as st

import layerscope as ls
from layerscope._reference import fractal as twin
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from tests import _networks as made
from tests._shared import shared

METHODS = ("greedy", "cbb", "memb", "obca", "sketch", "random")

# Provably optimal counts, by integer programming: no covering can be smaller.
OPTIMA = {
    "flower 3": (
        made.flower(2, 2, 3),
        (44, 64, 8),
        (44, 32, 10, 8, 4, 3, 3, 2, 1),
        (12, 4, 4, 2, 2),
    ),
    "flower 4": (
        made.flower(2, 2, 4),
        (172, 256, 16),
        (172, 128, 36, 32, 12, 10, 9, 8, 4, 4, 3, 3),
        (44, 12, 12, 4, 4),
    ),
    "small-world flower": (made.flower(1, 2, 4), (42, 81, 4), (42, 27, 6, 3, 1), (6, 2, 1)),
    "grid": (
        made.grid(10, 10),
        (100, 180, 18),
        (100, 50, 24, 15, 11, 8, 7, 5, 4, 4, 4, 3),
        (24, 11, 7, 4, 4),
    ),
    "path": (
        made.path(50),
        (50, 49, 49),
        (50, 25, 17, 13, 10, 9, 8, 7, 6, 5, 5, 5),
        (17, 10, 8, 6, 5),
    ),
    "cycle": (
        made.ring(40),
        (40, 40, 20),
        (40, 20, 14, 10, 8, 7, 6, 5, 5, 4, 4, 4),
        (14, 8, 6, 5, 4),
    ),
    "binary tree": (
        made.binary_tree(6),
        (127, 126, 12),
        (127, 85, 37, 34, 17, 17, 8, 8, 4, 4, 2, 2),
        (37, 17, 8, 4, 2),
    ),
    "karate": (
        [(int(a), int(b)) for a, b in nx.karate_club_graph().edges],
        (34, 78, 5),
        (34, 20, 4, 2, 2, 1),
        (4, 2, 1),
    ),
}


@st.composite
def graphs(draw, most=30):
    n = draw(st.integers(1, most))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=2 * n))
    return made.graph(edges, n)


def real(name: str, *, largest: bool = True) -> ls.Graph:
    with gzip.open(shared("graphs", f"{name}.edges.gz"), "rt") as file:
        edges = np.loadtxt(file, comments="#", dtype=np.int64, usecols=(0, 1), ndmin=2)
    graph = ls.Graph.from_edges(edges)
    if not largest:
        return graph
    _, component = csgraph.connected_components(graph.to_scipy())
    kept = component == np.bincount(component).argmax()
    return ls.Graph.from_scipy(graph.to_scipy()[kept][:, kept])


@pytest.mark.parametrize("name", OPTIMA)
@pytest.mark.parametrize("method", METHODS)
def test_counts_stand_between_the_optimum_and_its_tolerance(name, method):
    edges, (n, m, diameter), by_diameter, by_radius = OPTIMA[name]
    graph = made.graph(edges)
    assert (graph.n_nodes, graph.n_edges) == (n, m)
    optimum = np.array(by_radius if method in {"memb", "sketch", "random"} else by_diameter)
    sizes = np.arange(1, len(optimum) + 1)
    found = ls.box_counts(graph, method=method, sizes=sizes, n_repeats=50)
    assert found.diameter == diameter
    assert found.size_kind == ("r_B" if method in {"memb", "sketch", "random"} else "l_B")
    assert (found.all_counts >= optimum).all()
    np.testing.assert_array_equal(found.counts, found.all_counts.min(axis=0))
    if method in {"greedy", "cbb"}:
        assert (found.counts <= np.maximum(optimum + 2, 1.35 * optimum)).all()
    if method in {"memb", "sketch"}:
        assert (found.counts <= optimum * (1 + math.log(n))).all()
    table = twin.distances(graph)
    for size, count in zip(sizes.tolist(), found.counts.tolist(), strict=True):
        boxes = ls.boxes(graph, size, method=method, n_repeats=50)
        assert twin.is_covering(table, boxes, size, found.size_kind)
        assert boxes.max() + 1 == count


def test_default_sizes_go_from_single_nodes_to_one_box():
    graph = made.graph(made.grid(6, 9))
    found = ls.box_counts(graph)
    np.testing.assert_array_equal(found.sizes, np.arange(1, 13 + 2))
    assert (found.counts[0], found.counts[-1], found.diameter) == (54, 1, 13)
    radii = ls.box_counts(graph, method="memb")
    assert radii.counts[-1] == 1
    assert (radii.counts[:-1] > 1).all()
    np.testing.assert_array_equal(radii.sizes, np.arange(1, len(radii.sizes) + 1))


@pytest.mark.parametrize("size", [0, -1, 2.5, float("nan"), "ab", [], [2, 3]])
def test_a_wrong_size_of_boxes_is_named_as_it_was_given(size):
    with pytest.raises(ls.errors.LayerscopeError, match=r"^size must ") as caught:
        ls.boxes(ls.Graph.from_edges([(0, 1)]), size)
    assert caught.value.argument == "size"


def test_a_path_needs_n_over_l_boxes():
    n = 60
    found = ls.box_counts(made.graph(made.path(n)), n_repeats=200)
    optimum = np.ceil(n / found.sizes)
    assert (found.counts >= optimum).all()
    assert (found.counts <= optimum + 2).all()
    # Overlapping boxes begin at the ends of a path, which have the smallest degree.
    exact = ls.box_counts(made.graph(made.path(n)), method="obca", n_repeats=50)
    assert (exact.counts <= optimum + 1).all()


@pytest.mark.parametrize("generation", [3, 4, 5, 6])
def test_flowers_have_their_closed_form(generation):
    graph = made.graph(made.flower(2, 2, generation))
    sizes = [2**j for j in range(1, generation + 1)]
    found = ls.box_counts(graph, sizes=sizes, n_repeats=10)
    expected = [2 * 4 ** (generation - j) for j in range(1, generation + 1)]
    assert found.counts.tolist() == expected
    law = ls.fractal_dimension(found, window=(2, sizes[-1]))
    assert law.value == pytest.approx(2, abs=1e-12)
    assert law.window == (2, sizes[-1])
    assert law.supported == (generation >= 6)
    if generation < 6:
        assert "fewer than 6" in law.reason


def test_best_of_several_orders_comes_nearer_to_the_flower_than_one():
    graph = made.graph(made.flower(2, 2, 6))
    best = ls.fractal_dimension(graph, n_repeats=5)
    ones = [ls.fractal_dimension(graph, n_repeats=1, random_state=seed) for seed in range(8)]
    assert 1.88 <= best.value <= 1.98
    assert 1.70 <= np.mean([float(one) for one in ones]) <= 1.88
    assert best.ratio < 0.6
    assert best.supported
    assert best.reason is None


def test_a_wider_flower_has_its_dimension():
    flower = ls.fractal_dimension(made.graph(made.flower(3, 3, 5)), n_repeats=5)
    assert flower.value == pytest.approx(math.log(6) / math.log(3), abs=0.1)
    assert flower.ratio < 0.6


@pytest.mark.parametrize(("offspring", "generation"), [(1, 5), (2, 5), (3, 4)])
def test_trees_renormalise_into_younger_trees(offspring, generation):
    # Balls of radius (3^j - 1) / 2 undo j generations: (2m + 1)^(g - j) edges are left.
    tree = made.graph(made.shm_tree(offspring, generation))
    powers = range(1, generation)
    found = ls.box_counts(tree, method="memb", sizes=[(3**j - 1) // 2 for j in powers])
    base = 2 * offspring + 1
    assert found.counts.tolist() == [base ** (generation - j) + 1 for j in powers]
    value = np.polyfit(np.log([3**j for j in powers]), np.log(found.counts - 1), 1)[0]
    assert -value == pytest.approx(math.log(base) / math.log(3), abs=1e-12)
    law = ls.fractal_dimension(found)
    assert law.value == pytest.approx(math.log(base) / math.log(3), abs=0.1)


def test_a_small_world_is_no_fractal():
    found = ls.fractal_dimension(made.graph(made.flower(1, 2, 7)))
    assert not found.supported
    assert found.reason in found.warnings
    assert "only" in found.reason
    assert math.isfinite(found.value)


def test_lattices_have_their_dimension():
    torus = made.graph(made.grid(61, 61, torus=True))
    growth = ls.ball_growth_dimension(torus, window=(8, 28))
    assert growth.value == pytest.approx(2, abs=0.08)
    # Greedy boxes of a lattice are far from squares at small sizes: the value is biased low.
    found = ls.fractal_dimension(torus, n_repeats=3, window=(2, 30))
    assert found.value == pytest.approx(2, abs=0.2)
    ring = made.graph(made.ring(600))
    assert ls.ball_growth_dimension(ring, window=(20, 200)).value == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    "name",
    ["dolphins", "polbooks", "celegans_metabolic", "facebook_caltech36", "csphd", "mouse_brain_1"],
)
def test_counts_on_real_graphs_are_the_published_ones(name):
    """Fifteen orders, as in the reference; its l allows distances up to l, so l_B = l + 1."""
    reference = json.loads(shared("graphs", "box_count_reference.json").read_text())[name]
    graph = real(name)
    assert graph.n_nodes == reference["component_nodes"]
    sizes = [int(size) + 1 for size in reference["box_counts"]]
    found = ls.box_counts(graph, sizes=sizes, n_repeats=15)
    assert found.diameter == reference["diameter"]
    for size, counts in zip(found.sizes, found.all_counts.T, strict=True):
        published = reference["box_counts"][str(size - 1)]
        # Fifteen draws against fifteen: means differ by errors, extremes by deviations.
        sd = max(counts.std(ddof=1), 0.5)
        assert abs(counts.mean() - published["mean"]) <= 1.2 * sd
        assert abs(counts.min() - published["min"]) <= max(2, 2 * sd)
        assert abs(counts.max() - published["max"]) <= max(2, 2 * sd)


@pytest.mark.parametrize(
    ("name", "radii", "published"),
    [
        ("celegans_metabolic", (1, 2, 3, 4), (30, 8, 3, 1)),
        ("csphd", (1, 2, 3, 4, 6, 8, 10, 14), (248, 100, 56, 36, 14, 10, 6, 2)),
    ],
)
def test_memb_on_real_graphs(name, radii, published):
    graph = real(name, largest=False)
    found = ls.box_counts(graph, method="memb", sizes=radii, components="largest")
    slack = np.maximum(2, 0.03 * np.array(published))
    assert (np.abs(found.counts - published) <= slack).all(), found.counts
    sketched = ls.box_counts(graph, method="sketch", sizes=radii, components="largest")
    slack = np.maximum(2, 0.15 * found.counts)
    assert (np.abs(sketched.counts - found.counts) <= slack).all(), sketched.counts


def test_sketches_stay_near_memb_where_they_are_no_longer_exact():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(12, 6))[rng.integers(12, size=3000)] + 0.4 * rng.normal(size=(3000, 6))
    graph = ls.neighbors(X, n_neighbors=8).graph()
    exact = ls.box_counts(graph, method="memb")
    sketched = ls.box_counts(graph, method="sketch", sizes=exact.sizes)
    slack = np.maximum(2, 0.15 * exact.counts)
    assert (np.abs(sketched.counts - exact.counts) <= slack).all(), (sketched.counts, exact.counts)


@given(graphs(), st.integers(1, 6), st.integers(0, 3))
def test_counts_are_those_of_the_naive_twins(graph, size, seed):
    table = twin.distances(graph)
    found = ls.box_counts(graph, sizes=[size], random_state=seed, n_repeats=2)
    orders = [ls._core.permutation(graph.n_nodes, seed, repeat) for repeat in range(2)]
    expected = [[twin.greedy(table, order, size)] for order in orders]
    assert found.all_counts.tolist() == expected
    assert ls.box_counts(graph, method="memb", sizes=[size]).counts[0] == twin.memb(table, size)


@given(graphs())
def test_counts_of_components_add_up(graph):
    whole = ls.box_counts(graph, method="memb", sizes=[1, 2])
    parts = [
        ls.Graph.from_scipy(graph.to_scipy()[nodes][:, nodes])
        for nodes in map(sorted, nx.connected_components(graph.to_networkx()))
    ]
    alone = [ls.box_counts(part, method="memb", sizes=[1, 2]).counts for part in parts]
    assert whole.counts.tolist() == np.sum(alone, axis=0).tolist()
    assert whole.n_components == len(parts)
    largest = ls.box_counts(graph, method="memb", sizes=[1, 2], components="largest")
    assert largest.n_nodes == max(part.n_nodes for part in parts)
    assert largest.counts.tolist() in [counts.tolist() for counts in alone]


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


@given(graphs())
def test_fuzzy_counts_are_those_of_the_formula(graph):
    found = ls.fuzzy_box_counts(graph, sizes=[1, 2, 5])
    expected = twin.fuzzy_counts(twin.distances(graph), [1, 2, 5])
    np.testing.assert_allclose(found.counts, expected, rtol=1e-12)


@given(graphs())
def test_ball_growth_is_that_of_the_twin(graph):
    table = twin.distances(graph)
    found = ls.ball_growth_dimension(graph)
    balls, slope = twin.ball_growth(table)
    np.testing.assert_allclose(found.mean_ball, balls, rtol=1e-12)
    np.testing.assert_allclose(found.value, slope, atol=1e-9)
    assert found.radii.tolist() == list(range(len(balls)))


def test_the_two_laws_are_those_of_polyfit():
    counts = ls.box_counts(made.graph(made.grid(20, 20)), n_repeats=3)
    found = ls.fractal_dimension(counts)
    kept = (counts.sizes >= 2) & (counts.counts >= 5)
    expected = twin.box_law(counts.sizes[kept], counts.counts[kept])
    got = (found.value, found.standard_error, found.rmse_power, found.rmse_exponential)
    np.testing.assert_allclose(got, expected, rtol=1e-9)
    assert found.ratio == pytest.approx(expected[2] / expected[3])
    assert found.n_sizes == kept.sum()
    assert float(found) == found.value


def test_radii_enter_as_odd_sizes():
    counts = ls.box_counts(made.graph(made.grid(30, 30)), method="memb")
    found = ls.fractal_dimension(counts)
    kept = counts.counts >= 5
    np.testing.assert_array_equal(found.sizes, 2 * counts.sizes + 1)
    expected = twin.box_law(2 * counts.sizes[kept] + 1, counts.counts[kept])
    assert found.value == pytest.approx(expected[0])
    assert found.window == (3, 2 * int(kept.sum()) + 1)


def test_a_dimension_beside_its_null():
    graph = made.graph(made.grid(25, 25))
    found = ls.fractal_dimension(graph, n_repeats=2, n_null=3)
    assert found.null_mean > found.value  # rewired, a grid is a small world
    assert found.null_sd > 0
    assert found.z == pytest.approx((found.value - found.null_mean) / found.null_sd)
    plain = ls.fractal_dimension(graph, n_repeats=2)
    assert plain.value == found.value
    assert math.isnan(plain.null_mean)
    assert math.isnan(plain.z)
    with pytest.raises(InvalidInputError, match="n_null must be 0 beside counts"):
        ls.fractal_dimension(ls.box_counts(graph), n_null=3)


def test_renormalised_graphs_join_boxes_that_touch():
    graph = made.graph(made.grid(8, 8))
    labels = ls.boxes(graph, 3, n_repeats=5)
    shrunk = ls.renormalize(graph, labels)
    assert shrunk.n_nodes == labels.max() + 1
    assert (shrunk.weights == 1).all()
    assert np.diff(shrunk.indptr).max() == twin.largest_degree(graph, labels)
    assert ls.path_statistics(shrunk).n_components == 1
    for wrong in ([0] * 63, [1] * 64, [0.0] * 64):
        with pytest.raises((InvalidInputError, InvalidTypeError), match="boxes must"):
            ls.renormalize(graph, wrong)


def test_hubs_of_the_flower_shrink_with_exponent_one():
    graph = made.graph(made.flower(2, 2, 6))
    found = ls.renormalisation_exponent(graph)
    assert found.value == pytest.approx(1, abs=0.15)
    assert found.supported
    assert found.largest_degree[0] >= found.largest_degree[-1]


def zeta_sample(gamma: float, n: int, seed: int) -> np.ndarray:
    """Degrees from the zeta law, by inversion of its cumulative sums."""
    k = np.arange(1, 100_000)
    law = np.cumsum(k**-gamma) / (k**-gamma).sum()
    return k[np.searchsorted(law, np.random.default_rng(seed).random(n))]


def star_forest(degrees: np.ndarray) -> ls.Graph:
    """A graph whose first nodes have given degrees; self-loops count twice, so they fill in."""
    rng = np.random.default_rng(0)
    stubs = np.repeat(np.arange(len(degrees)), degrees)
    stubs = rng.permutation(stubs)[: len(stubs) // 2 * 2].reshape(-1, 2)
    return ls.Graph.from_edges(stubs, n_nodes=len(degrees))


@pytest.mark.parametrize("gamma", [2.3, 2.8, 3.5])
def test_exponents_of_sampled_laws_come_back(gamma):
    degrees = zeta_sample(gamma, 20_000, 1)
    value, error, k_min, n_tail, distance = ls._core.degree_exponent(degrees.astype(np.uint64))
    assert abs(value - gamma) < 4 * error
    assert (k_min, n_tail) == (1, 20_000)
    assert distance < 0.01
    assert value == pytest.approx(twin.power_law_exponent(degrees, k_min), abs=1e-4)


def test_degree_exponent_of_graphs():
    graph = star_forest(zeta_sample(3.0, 5000, 2))
    found = ls.degree_exponent(graph)
    assert found.value == pytest.approx(3.0, abs=0.25)
    flower = ls.degree_exponent(made.graph(made.flower(2, 2, 6)))
    assert flower.value == pytest.approx(3.28, abs=0.01)
    equal = ls.degree_exponent(made.graph(made.ring(9)))
    assert math.isnan(equal.value)
    assert "not defined" in equal.warnings[0] or "no exponent" in equal.warnings[0]


@given(graphs(), st.integers(0, 5))
def test_rewired_graphs_keep_their_degrees(graph, seed):
    found = ls.rewire(graph, random_state=seed)
    np.testing.assert_array_equal(np.diff(found.indptr), np.diff(graph.indptr))
    assert found.n_edges == graph.n_edges
    assert ls.rewire(graph, n_swaps=0) == graph


def test_rewiring_mixes():
    graph = made.graph(made.ring(400))
    found = ls.rewire(graph)
    there = set(zip(*graph.to_scipy().nonzero(), strict=True))
    kept = sum(edge in there for edge in zip(*found.to_scipy().nonzero(), strict=True))
    assert kept < 40
    assert ls.path_statistics(found).diameter < 150
    weighted = ls.Graph.from_edges(made.ring(50), weights=np.arange(50.0) + 1)
    np.testing.assert_array_equal(np.sort(ls.rewire(weighted).weights), np.sort(weighted.weights))


def test_hop_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    graph = ls.neighbors(rng.normal(size=(700, 5)), n_neighbors=4).graph()
    expected = csgraph.shortest_path(graph.to_scipy(), unweighted=True)
    expected[np.isinf(expected)] = 255
    np.testing.assert_array_equal(ls.hop_distances(graph), expected)
    some = ls.hop_distances(graph, sources=[5, 5, 699])
    np.testing.assert_array_equal(some, expected[[5, 5, 699]])
    found = ls.path_statistics(graph)
    finite = np.where(expected == 255, 0, expected)
    np.testing.assert_array_equal(found.eccentricity, finite.max(axis=1))
    assert found.diameter == finite.max()
    assert found.average_path == pytest.approx(finite[finite > 0].mean())


@given(graphs())
def test_hop_distances_are_those_of_the_twin(graph):
    expected = twin.distances(graph)
    expected[np.isinf(expected)] = 255
    np.testing.assert_array_equal(ls.hop_distances(graph), expected)


def test_long_paths_take_two_bytes():
    found = ls.hop_distances(made.graph(made.path(300), 301), sources=[0, 299])
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[0, :300], np.arange(300))
    assert found[0, 300] == 65535
    assert ls.hop_distances(made.graph(made.path(255)), sources=[0]).dtype == np.uint8
    with pytest.raises(InvalidInputError, match="65534"):
        ls.hop_distances(made.graph(made.path(65_540)), sources=[0])
    assert ls.hop_distances(made.graph([(0, 1)]), sources=[]).shape == (0, 2)


def test_memory_limits_change_nothing_but_the_way():
    graph = ls.neighbors(np.random.default_rng(1).normal(size=(900, 4))).graph()
    np.testing.assert_array_equal(
        ls.hop_distances(graph, memory_limit=2_000_000), ls.hop_distances(graph)
    )
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        ls.hop_distances(graph, memory_limit=1000)
    for method in ("greedy", "cbb", "memb", "obca", "random"):
        way = {"method": method, "sizes": [2, 3], "n_repeats": 2}
        short = ls.box_counts(graph, **way, memory_limit=1000)
        np.testing.assert_array_equal(short.all_counts, ls.box_counts(graph, **way).all_counts)
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        ls.box_counts(graph, method="sketch", memory_limit=1000)


def test_graphs_of_three_kinds():
    edges = made.grid(5, 5)
    ours = ls.Graph.from_edges(edges)
    kinds = (ours, ours.to_scipy(), ours.to_networkx())
    counts = [ls.box_counts(graph).counts.tolist() for graph in kinds]
    assert counts[0] == counts[1] == counts[2]


def test_single_nodes_and_graphs_without_edges():
    one = ls.Graph.from_edges([], n_nodes=1)
    for method in METHODS:
        assert ls.box_counts(one, method=method).counts.tolist() == [1]
    many = ls.Graph.from_edges([(1, 1)], n_nodes=3)
    assert ls.box_counts(many).counts.tolist() == [3]
    assert ls.hop_distances(many).tolist() == [[0, 255, 255], [255, 0, 255], [255, 255, 0]]
    assert math.isnan(ls.path_statistics(many).average_path)
    assert ls.fuzzy_box_counts(many).counts.tolist() == [math.inf]
    found = ls.fractal_dimension(many)
    assert math.isnan(found.value)
    assert not found.supported
    assert math.isnan(ls.ball_growth_dimension(one).value)
    assert math.isnan(ls.renormalisation_exponent(many).value)


FUNCTIONS = (
    ls.hop_distances,
    ls.path_statistics,
    ls.box_counts,
    lambda graph: ls.boxes(graph, 2),
    ls.fuzzy_box_counts,
    ls.fractal_dimension,
    ls.ball_growth_dimension,
    ls.renormalisation_exponent,
    ls.degree_exponent,
    ls.rewire,
    lambda graph: ls.renormalize(graph, [0, 0]),
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_directed_graphs_are_refused_with_a_way_out(function):
    directed = ls.Graph.from_edges([(0, 1)], directed=True)
    with pytest.raises(InvalidInputError, match=r"must be undirected: symmetrise it"):
        function(directed)
    with pytest.raises(InvalidInputError, match="at least one node"):
        function(ls.Graph.from_edges([], n_nodes=0))
    with pytest.raises(InvalidTypeError, match="layerscope Graph"):
        function(np.eye(3))


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        ({"method": "best"}, "method"),
        ({"sizes": [0, 1]}, "sizes"),
        ({"sizes": []}, "sizes"),
        ({"sizes": [1.5]}, "sizes"),
        ({"n_repeats": 0}, "n_repeats"),
        ({"components": "some"}, "components"),
        ({"weighted": 1}, "weighted"),
        ({"weighted": True, "sizes": [-1.0]}, "sizes"),
        ({"weighted": True, "sizes": [0.0]}, "sizes"),
        ({"weighted": True, "method": "sketch"}, "method"),
        ({"random_state": -1}, "random_state"),
        ({"memory_limit": "much"}, "memory_limit"),
    ],
)
def test_wrong_parameters_are_named(wrong, argument):
    with pytest.raises((InvalidInputError, InvalidTypeError)) as raised:
        ls.box_counts(made.graph(made.ring(5)), **wrong)
    assert raised.value.argument == argument


def test_other_wrong_parameters_are_named():
    graph = made.graph(made.ring(5))
    for call, argument in (
        (lambda: ls.hop_distances(graph, sources=[5]), "sources"),
        (lambda: ls.hop_distances(graph, sources=[0.5]), "sources"),
        (lambda: ls.hop_distances(graph, sources=[[0]]), "sources"),
        (lambda: ls.boxes(graph, 0), "size"),
        (lambda: ls.boxes(graph, [1, 2]), "size"),
        (lambda: ls.fractal_dimension(graph, window=(3, 2)), "window"),
        (lambda: ls.fractal_dimension(graph, window=3), "window"),
        (lambda: ls.ball_growth_dimension(graph, n_centres=6), "n_centres"),
        (lambda: ls.rewire(graph, n_swaps=-1), "n_swaps"),
        (
            lambda: ls.box_counts(ls.Graph.from_edges([(0, 1)], weights=[-1]), weighted=True),
            "graph",
        ),
    ):
        with pytest.raises((InvalidInputError, InvalidTypeError)) as raised:
            call()
        assert raised.value.argument == argument


def test_results_print_and_draw_themselves():
    counts = ls.box_counts(made.graph(made.grid(15, 15)), n_repeats=2)
    assert "counts" in repr(counts)
    json.dumps(counts.to_dict())
    axes = counts.plot()
    assert axes.get_xscale() == axes.get_yscale() == "log"
    found = ls.fractal_dimension(counts)
    json.dumps(found.to_dict())
    assert any("slope" in text.get_text() for text in found.plot().texts)
    short = ls.fractal_dimension(made.graph(made.ring(12)))
    assert any("no dimension" in text.get_text() for text in short.plot().texts)
    assert found.settings["function"] == "box_counts"
    assert "song2007" in ls.cite(counts)
