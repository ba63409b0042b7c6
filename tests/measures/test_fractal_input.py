"""Small and wrong graphs, wrong parameters, and what results say of themselves."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError, InvalidTypeError
from tests import _networks as made
from tests.measures._fractal import METHODS


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


def test_a_wrong_size_is_named_with_its_place():
    graph = made.graph(made.ring(5))
    with pytest.raises(InvalidInputError, match=r"sizes must .* got 0 at position 2"):
        ls.box_counts(graph, sizes=[1, 2, 0])
    with pytest.raises(InvalidInputError, match=r"sizes must be positive; got 0.0 at position 1"):
        ls.box_counts(graph, sizes=[1.5, 0.0], weighted=True)
    with pytest.raises(InvalidInputError, match=r"got 0$"):
        ls.box_counts(graph, sizes=[0])


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
    for other in (
        ls.fuzzy_box_counts(made.graph(made.grid(6, 6))),
        ls.fuzzy_box_counts(ls.Graph.from_edges([], n_nodes=2)),
        ls.metric_box_counts([[0.0, 0.1], [0.1, 0.0]]),
        ls.ball_growth_dimension(made.graph(made.grid(9, 9))),
        ls.renormalisation_exponent(made.graph(made.flower(2, 2, 4))),
    ):
        assert other.plot().get_xlabel() or other.plot().texts
