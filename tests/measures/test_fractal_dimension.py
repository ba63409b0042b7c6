"""Dimensions: flowers, trees, lattices, the fits, the windows and the null."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

import layerscope as ls
from layerscope._reference import fractal as twin
from layerscope.errors import InvalidInputError
from tests import _networks as made
from tests.measures._fractal import graphs


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
    graph = made.graph(made.grid(14, 14))
    found = ls.fractal_dimension(graph, n_repeats=2, n_null=3)
    assert found.null_mean > found.value  # rewired, a grid is a small world
    assert found.null_sd > 0
    assert 0 < found.null_n_sizes < 6 <= found.n_sizes
    # What has no dimension cannot be compared with.
    assert math.isnan(found.z)
    assert "a rewired graph has" in found.null_reason
    assert found.null_reason in found.warnings
    plain = ls.fractal_dimension(graph, n_repeats=2)
    assert plain.value == found.value
    assert math.isnan(plain.null_mean)
    assert math.isnan(plain.z)
    assert (plain.null_n_sizes, plain.null_reason) == (0, None)
    with pytest.raises(InvalidInputError, match="n_null must be 0 beside counts"):
        ls.fractal_dimension(ls.box_counts(graph), n_null=3)


def test_z_is_given_where_both_sides_have_a_dimension():
    tree = made.graph(made.binary_tree(8))
    found = ls.fractal_dimension(tree, n_repeats=2, n_null=4, components="largest")
    assert found.supported
    assert found.null_n_sizes >= 6
    assert found.null_reason is None
    assert found.z == pytest.approx((found.value - found.null_mean) / found.null_sd)


def test_a_short_graph_gets_no_z_whatever_its_null():
    found = ls.fractal_dimension(made.graph(made.ring(12)), n_null=2)
    assert not found.supported
    assert math.isnan(found.z)
    assert "the graph itself supports no dimension" in found.null_reason


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("method", "memb"),
        ("n_repeats", 3),
        ("components", "largest"),
        ("weighted", True),
        ("random_state", 1),
    ],
)
def test_what_belongs_to_a_graph_is_refused_beside_counts(argument, value):
    counts = ls.box_counts(made.graph(made.ring(40)))
    with pytest.raises(InvalidInputError, match=f"{argument} belongs to a graph"):
        ls.fractal_dimension(counts, **{argument: value})


def test_a_window_that_holds_too_little_is_told_from_a_small_graph():
    path = made.graph(made.path(60))
    assert "the window that was given" in ls.fractal_dimension(path, window=(100, 200)).reason
    assert "diameter too short" in ls.fractal_dimension(made.graph(made.path(5))).reason


def test_a_null_without_spread_gives_its_reason():
    tree = made.graph(made.binary_tree(8))
    found = ls.fractal_dimension(tree, n_repeats=2, n_null=1, components="largest")
    assert np.isnan(found.z)
    assert found.null_reason == "no z is given: a single rewired graph has no spread"
    assert found.null_reason in found.warnings
