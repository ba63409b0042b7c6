"""Louvain and Leiden through their users' door: qualities, numbering, refusals, real networks."""

from __future__ import annotations

import json
import pickle
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import normalized_mutual_info_score

import layerscope as ls
from layerscope import Graph
from layerscope._reference import communities as slow
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from tests._shared import shared

BOTH = pytest.mark.parametrize("find", [ls.louvain, ls.leiden], ids=["louvain", "leiden"])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    n = draw(st.integers(1, 25))
    ends = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=3 * n))
    weights = draw(st.lists(st.integers(0, 8), min_size=len(edges), max_size=len(edges)))
    ones = draw(st.booleans())
    values = None if ones else np.array(weights, float) / 4
    return Graph.from_edges(np.array(edges, int).reshape(-1, 2), n_nodes=n, weights=values)


def read(*parts: str, nodes: int | None = None, weighted: bool = False) -> Graph:
    table = np.loadtxt(shared(*parts), comments="#", ndmin=2)
    weights = table[:, 2] if weighted else None
    return Graph.from_edges(table[:, :2].astype(np.int64), n_nodes=nodes, weights=weights)


def dense(graph: Graph) -> np.ndarray:
    matrix: np.ndarray = graph.to_scipy().toarray()
    return matrix


@BOTH
@given(
    graph=graphs(),
    resolution=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    quality=st.sampled_from(["modularity", "cpm"]),
    seed=st.integers(0, 99),
)
def test_the_numbers_are_those_of_the_definition(
    find: Any, graph: Graph, resolution: float, quality: str, seed: int
) -> None:
    found = find(graph, resolution=resolution, quality=quality, random_state=seed)
    if graph.weights.any():
        matrix = dense(graph)
        assert found.modularity == pytest.approx(slow.modularity(matrix, found.labels), abs=1e-9)
        expected = getattr(slow, quality)(matrix, found.labels, resolution)
        assert found.quality == pytest.approx(expected, abs=1e-9)
        assert not found.warnings
    else:
        assert np.isnan(found.modularity)
        assert found.n_communities == graph.n_nodes
        assert "no weight" in found.warnings[0]
    np.testing.assert_array_equal(found.labels, slow.by_size(found.labels))
    np.testing.assert_array_equal(found.sizes, np.bincount(found.labels))
    assert found.n_communities == len(found.sizes)
    again = find(graph, resolution=resolution, quality=quality, random_state=seed, n_jobs=1)
    np.testing.assert_array_equal(found.labels, again.labels)


@given(graph=graphs(), seed=st.integers(0, 9))
def test_leiden_communities_are_connected(graph: Graph, seed: int) -> None:
    found = ls.leiden(graph, random_state=seed)
    whole = graph.to_networkx()
    whole.remove_edges_from([(u, v) for u, v, w in whole.edges(data="weight") if w == 0])
    for label in range(found.n_communities):
        assert nx.is_connected(whole.subgraph(np.flatnonzero(found.labels == label).tolist()))


@BOTH
@given(graph=graphs(), start=st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_a_start_is_never_made_worse(find: Any, graph: Graph, start: list[int]) -> None:
    if not graph.weights.any():
        return
    labels = np.array(start[: graph.n_nodes])
    before = slow.modularity(dense(graph), labels)
    assert find(graph, initial=labels).quality >= before - 1e-9
    assert find(graph, initial=labels, n_iterations=1).quality >= before - 1e-9


@given(graph=graphs())
def test_levels_are_nested_and_end_with_the_labels(graph: Graph) -> None:
    found = ls.leiden(graph)
    np.testing.assert_array_equal(found.levels[-1], found.labels)
    for fine, coarse in zip(found.levels, found.levels[1:], strict=False):
        pairs = {(int(a), int(b)) for a, b in zip(fine, coarse, strict=True)}
        assert len(pairs) == len(set(fine.tolist())), "a fine community lies in two coarse ones"
        np.testing.assert_array_equal(fine, slow.by_size(fine))


def random_graph(seed: int) -> Graph:
    """Small and large, sparse and dense, weighted and not; the large ones are moved in batches."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 300)) if seed % 8 else int(rng.integers(2500, 4000))
    edges = rng.integers(n, size=(int(n * rng.uniform(0.5, 8)), 2))
    near = rng.random(len(edges)) < 0.8  # groups of ten, so that there is something to find
    edges[near, 1] = np.minimum(
        edges[near, 0] // 10 * 10 + rng.integers(10, size=near.sum()), n - 1
    )
    weights = rng.random(len(edges)) if seed % 2 else None
    return Graph.from_edges(edges, n_nodes=n, weights=weights)


def assert_threads_decide_nothing(graph: Graph, **how: Any) -> None:
    for find in (ls.louvain, ls.leiden):
        one = find(graph, n_jobs=1, **how)
        for jobs in (2, 3, 7):
            other = find(graph, n_jobs=jobs, **how)
            np.testing.assert_array_equal(one.labels, other.labels)
            assert (one.quality, one.modularity) == (other.quality, other.modularity)


@pytest.mark.slow
def test_threads_decide_nothing_on_random_graphs() -> None:
    for seed in range(200):
        assert_threads_decide_nothing(random_graph(seed), random_state=seed)


@pytest.mark.slow
def test_threads_decide_nothing_on_real_networks() -> None:
    files = sorted(shared("graphs").glob("*.edges.gz"))
    assert len(files) > 30
    for file in files:
        graph = read("graphs", file.name, weighted=file.name.startswith("lesmis"))
        assert_threads_decide_nothing(graph)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        {"n_runs": 4},
        {"n_iterations": 5},
        {"resolution": 3.0},
        {"quality": "cpm", "resolution": 0.02},
    ],
    ids=str,
)
def test_threads_decide_nothing_however_it_is_asked(how: dict[str, Any]) -> None:
    # Large enough for batches: more than 2,000 nodes.
    for name in ("ca_grqc", "power_grid", "wiki_vote", "condmat_gcc"):
        assert_threads_decide_nothing(read("graphs", f"{name}.edges.gz"), **how)


REFERENCE = "modularity_reference.json"


def reference() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("graphs", REFERENCE).read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_best_of_twenty_seeds_is_near_the_best_known() -> None:
    for name, facts in reference().items():
        file, _, kind = name.partition(" ")
        graph = read(
            "graphs", f"{file}.edges.gz", nodes=facts["nodes"], weighted=kind == "weighted"
        )
        assert graph.n_edges == facts["edges"]
        best = max(ls.leiden(graph, random_state=seed).modularity for seed in range(20))
        if facts["proven_optimal"]:
            assert best == pytest.approx(facts["best_modularity"], abs=1e-6), name
        else:
            assert best >= facts["best_modularity"] - 0.004, name


@pytest.mark.slow
def test_planted_groups_are_found_where_modularity_can_find_them() -> None:
    facts = json.loads(shared("lfr", "lfr_reference.json").read_text(encoding="utf-8"))
    checked = 0
    for name, row in facts.items():
        if (
            row["nmi_best_vs_planted"] < 0.5
            or not shared("lfr").joinpath(f"{name}.edges.gz").exists()
        ):
            continue
        checked += 1
        planted = np.loadtxt(shared("lfr", f"{name}.labels.gz"), dtype=int)
        graph = read("lfr", f"{name}.edges.gz", nodes=len(planted))
        # What igraph found by many runs takes several here too; one run falls a little behind on
        # two of the graphs.
        for runs, behind in ((6, 0.01), (1, 0.04)):
            best = max(
                (ls.leiden(graph, random_state=seed, n_runs=runs) for seed in range(10)),
                key=lambda found: found.modularity,
            )
            nmi = normalized_mutual_info_score(planted, best.labels)
            assert nmi >= row["nmi_best_vs_planted"] - behind, (name, runs, nmi)
    assert checked >= 5


@given(
    graph=graphs(),
    runs=st.integers(2, 5),
    quality=st.sampled_from(["modularity", "cpm"]),
    seed=st.integers(0, 9),
)
def test_several_runs_are_no_worse_than_the_first(
    graph: Graph, runs: int, quality: str, seed: int
) -> None:
    if not graph.weights.any():
        return
    for find in (ls.louvain, ls.leiden):
        one = find(graph, quality=quality, random_state=seed)
        several = find(graph, quality=quality, random_state=seed, n_runs=runs)
        assert several.quality >= one.quality - 1e-9
        expected = getattr(slow, quality)(dense(graph), several.labels, 1.0)
        assert several.quality == pytest.approx(expected, abs=1e-9)
        assert several.settings["n_runs"] == runs


def test_several_runs_find_what_one_may_miss() -> None:
    graph = read("graphs", "email_urv.edges.gz")
    single = [ls.leiden(graph, random_state=seed).modularity for seed in range(10)]
    several = [ls.leiden(graph, random_state=seed, n_runs=6).modularity for seed in range(3)]
    assert min(several) > np.median(single)


def test_an_iteration_more_is_never_worse() -> None:
    graph = read("graphs", "ca_grqc.edges.gz")
    for find in (ls.louvain, ls.leiden):
        found = [find(graph, n_iterations=count) for count in (1, 2, 4, 50)]
        values = [one.modularity for one in found]
        assert values == sorted(values)
        assert [one.n_iterations for one in found[:2]] == [1, 2]
        assert found[-1].n_iterations < 50  # the last one moved nothing
        assert not found[0].converged
        assert found[-1].converged


def test_known_answers() -> None:
    clique = nx.complete_graph(5)
    two = nx.disjoint_union(clique, clique)
    two.add_edge(0, 5)
    two.add_node(10)
    for find in (ls.louvain, ls.leiden):
        found = find(two)
        assert found.labels.tolist() == [0] * 5 + [1] * 5 + [2]
        assert found.sizes.tolist() == [5, 5, 1]
        assert found.converged
        expected = nx.community.modularity(two, [set(range(5)), set(range(5, 10)), {10}])
        assert found.modularity == pytest.approx(expected)
        assert find(nx.complete_graph(6)).n_communities == 1
        assert find(two, resolution=50.0).n_communities == 11
        assert find(two, quality="cpm", resolution=0.5).labels.tolist() == found.labels.tolist()


@BOTH
def test_no_one_and_two_nodes(find: Any) -> None:
    assert find(Graph.from_edges([])).labels.shape == (0,)
    assert find(Graph.from_edges([], n_nodes=1)).labels.tolist() == [0]
    assert find(Graph.from_edges([], n_nodes=2)).labels.tolist() == [0, 1]
    assert find(Graph.from_edges([(0, 1)])).labels.tolist() == [0, 0]
    assert find(Graph.from_edges([(0, 0)])).modularity == 0.0
    assert find(Graph.from_edges([])).levels[-1].shape == (0,)


@BOTH
def test_what_is_wrong_is_named(find: Any) -> None:
    path = [(0, 1), (1, 2)]
    graph = Graph.from_edges(path)
    with pytest.raises(InvalidInputError, match=r'graph must be undirected.*symmetrize="mean"'):
        find(Graph.from_edges(path, directed=True))
    with pytest.raises(InvalidInputError, match=r"at least 0; got -1 between nodes 1 and 2"):
        find(Graph.from_edges(path, weights=[1, -1]))
    for argument, value in {
        "resolution": -1.0,
        "quality": "size",
        "initial": [0, 1],
        "n_iterations": 0,
        "n_runs": 0,
        "random_state": -1,
        "n_jobs": 0,
    }.items():
        with pytest.raises(InvalidInputError) as caught:
            find(graph, **{argument: value})
        assert caught.value.argument == argument
    with pytest.raises(InvalidInputError, match="resolution"):
        find(graph, resolution=np.nan)
    with pytest.raises(InvalidInputError, match=r"resolution must be at most 1e\+15; got"):
        find(graph, resolution=1e16)
    with pytest.raises(InvalidTypeError, match=r"resolution must be a finite number.*got True"):
        find(graph, resolution=True)
    with pytest.raises(InvalidInputError, match="weights must add up to something between 1e-290"):
        find(Graph.from_edges(path, weights=[1e300, 1e300]))
    with pytest.raises(InvalidInputError, match="initial must"):
        find(graph, initial=[[0, 1, 1]])
    with pytest.raises(InvalidInputError, match="n_runs must be 1 beside a partition"):
        find(graph, initial=[0, 1, 1], n_runs=2)
    with pytest.raises(InvalidTypeError, match=r"Neighbors\.graph\(\) makes one"):
        find(ls.neighbors(np.arange(8.0).reshape(4, 2), n_neighbors=1))
    with pytest.raises(InvalidTypeError, match="graph must be a layerscope Graph"):
        find(np.eye(3))
    with pytest.raises(MemoryLimitError, match="260 bytes"):
        find(graph, memory_limit=100)


def test_a_result_keeps_its_graph_and_travels() -> None:
    graph = nx.karate_club_graph()
    found = ls.leiden(graph, random_state=3)
    copy = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(copy.labels, found.labels)
    assert [level.tolist() for level in copy.levels] == [x.tolist() for x in found.levels]
    drawn = found.to_networkx()
    assert [drawn.nodes[i]["community"] for i in range(34)] == found.labels.tolist()
    assert json.loads(json.dumps(found.to_dict()))["n_communities"] == found.n_communities
    assert found.settings["function"] == "leiden"
    assert "labels" in repr(found)


def test_networkx_keeps_the_names_of_its_nodes() -> None:
    graph = nx.Graph([("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")])
    drawn = ls.leiden(graph).to_networkx()
    assert set(drawn) == {"a", "b", "c", "x", "y"}
    assert drawn.nodes["a"]["community"] == drawn.nodes["c"]["community"] == 0
    assert drawn.nodes["y"]["community"] == 1
    assert set(drawn.edges) == set(graph.edges)


def test_settings_tell_where_the_start_came_from() -> None:
    graph = nx.karate_club_graph()
    first = ls.louvain(graph, random_state=5)
    assert first.settings["initial"] is None
    origin = ls.leiden(graph, initial=first).settings["initial"]
    assert (origin["function"], origin["random_state"]) == ("louvain", 5)
    by_hand = ls.leiden(graph, initial=["a", "b"] * 17)
    other = ls.leiden(graph, initial=["b", "b"] + ["a", "b"] * 16)
    assert "given labels, 2 different ones" in by_hand.settings["initial"]
    assert by_hand.settings["initial"] != other.settings["initial"]
    json.dumps(ls.leiden(graph, initial=first).to_dict())


@BOTH
def test_a_partition_is_improved_from_where_it_stands(find: Any) -> None:
    graph = nx.karate_club_graph()
    first = find(graph)
    again = find(graph, initial=first)
    np.testing.assert_array_equal(again.labels, first.labels)
    assert again.converged
    words = find(graph, initial=["a", "b"] * 17)
    halves = [set(range(0, 34, 2)), set(range(1, 34, 2))]
    # Louvain only moves nodes and merges; from two communities it cannot come to the best four.
    assert words.modularity > nx.community.modularity(graph, halves)
    if find is ls.leiden:
        assert words.modularity > 0.4
