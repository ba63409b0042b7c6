"""Real networks: reference counts, published dimensions, sketches beside memb."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import layerscope as ls
from tests._shared import shared
from tests.measures._fractal import real

#: Random orders behind the reference counts, where they are not fifteen.
FEWER = {"routers_rf": 5, "human_ppi_vidal": 5, "airfoil1": 5, "power_grid": 5}


@pytest.mark.parametrize(
    "name",
    [
        "dolphins",
        "polbooks",
        "celegans_metabolic",
        "facebook_caltech36",
        "csphd",
        "mouse_brain_1",
        "road_euro",
        "yeast_ppi",
        "road_minnesota",
        "routers_rf",
        "human_ppi_vidal",
        "airfoil1",
        "power_grid",
    ],
)
def test_counts_on_real_graphs_are_the_published_ones(name):
    """Random orders as in the reference; its l allows distances up to l, so l_B = l + 1."""
    reference = json.loads(shared("graphs", "box_count_reference.json").read_text())[name]
    graph = real(name)
    assert graph.n_nodes == reference["component_nodes"]
    assert graph.n_edges == reference["component_edges"]
    sizes = [int(size) + 1 for size in reference["box_counts"]]
    found = ls.box_counts(graph, sizes=sizes, n_repeats=15)
    assert found.diameter == reference["diameter"]
    n_orders = FEWER.get(name, 15)
    for size, counts in zip(found.sizes, found.all_counts.T, strict=True):
        published = reference["box_counts"][str(size - 1)]
        # 212 sizes in all: means of draws lie within 3.3 errors, extremes within 2.5 deviations.
        sd = max(counts.std(ddof=1), 0.5)
        error = sd * math.sqrt(1 / 15 + 1 / n_orders)
        assert abs(counts.mean() - published["mean"]) <= 3.3 * error
        some = counts[:n_orders]
        assert abs(some.min() - published["min"]) <= max(2, 2.5 * sd)
        assert abs(some.max() - published["max"]) <= max(2, 2.5 * sd)
    # The slope of the reference goes over mean counts, those of at least 5 boxes.
    means = found.all_counts.mean(axis=0)
    kept = np.array([reference["box_counts"][str(size - 1)]["mean"] >= 5 for size in found.sizes])
    if kept.sum() > 2:
        slope = np.polyfit(np.log(found.sizes[kept]), np.log(means[kept]), 1)[0]
        assert -slope == pytest.approx(reference["fit"]["d_lB1"], abs=0.05)


def test_the_whole_cell_network_of_e_coli_has_its_published_dimension():
    """Song, Havlin and Makse (2005) give 3.5, later readings 3.4: within one standard error."""
    graph = real("ecoli_cellular")
    greedy = ls.fractal_dimension(graph)
    assert greedy.supported
    assert greedy.value - greedy.standard_error <= 3.4
    assert greedy.value + greedy.standard_error >= 3.5
    assert greedy.value == pytest.approx(3.45, abs=0.15)
    burnt = ls.fractal_dimension(graph, method="memb")
    assert burnt.value == pytest.approx(3.45, abs=0.15)


def test_the_yeast_network_lies_near_its_published_dimension():
    """Published near 2.2, on other data than these; the reference reads 2.29 here."""
    reference = json.loads(shared("graphs", "box_count_reference.json").read_text())["yeast_ppi"]
    sizes = [int(size) + 1 for size in reference["box_counts"]]
    found = ls.box_counts(real("yeast_ppi"), sizes=sizes, n_repeats=15)
    means = found.all_counts.mean(axis=0)
    kept = means >= 5
    slope = np.polyfit(np.log(found.sizes[kept]), np.log(means[kept]), 1)[0]
    assert -slope == pytest.approx(2.2, abs=0.15)


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


@pytest.mark.parametrize("name", ["pgp", "as_20000102", "power_grid", "wiki_vote"])
def test_sketches_of_graphs_that_fit_are_whole_balls(name):
    graph = real(name)
    exact = ls.box_counts(graph, method="memb")
    sketched = ls.box_counts(graph, method="sketch")
    np.testing.assert_array_equal(sketched.sizes, exact.sizes)
    np.testing.assert_array_equal(sketched.counts, exact.counts)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wing", "clustered"])
def test_sketches_stay_near_memb_where_they_are_no_longer_exact(name):
    if name == "wing":
        graph = real("wing")
    else:
        rng = np.random.default_rng(3)
        centres = rng.normal(size=(12, 6))
        X = centres[rng.integers(12, size=30_000)] + 0.4 * rng.normal(size=(30_000, 6))
        graph = ls.neighbors(X, n_neighbors=6, method="approximate").graph()
    sizes = (2, 5, 12)
    exact = ls.box_counts(graph, method="memb", sizes=sizes)
    sketched = ls.box_counts(graph, method="sketch", sizes=sizes)
    slack = np.maximum(2, 0.15 * exact.counts)
    assert (np.abs(sketched.counts - exact.counts) <= slack).all(), (sketched.counts, exact.counts)
