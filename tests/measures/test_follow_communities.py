"""Communities through the layers: hand-made chains, the definitions as sets, real searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import layerscope as ls
from layerscope._reference import following as twin
from tests.measures._communities import communities


def follow(*layers: Sequence[int], **how: Any) -> Any:
    stack = {f"layer{place}": communities(labels) for place, labels in enumerate(layers)}
    return ls.follow_communities(stack, **how)


def happened(followed: Any) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [(event.kind, event.old, event.new) for event in followed.events]


WHOLE = [0] * 6 + [1] * 4


def test_a_community_that_stays_keeps_its_number_whatever_it_is_called() -> None:
    # In the second layer the smaller one has grown and is number 0 of its own search.
    followed = follow(WHOLE, [1] * 3 + [0] * 7)
    assert followed.labels.tolist() == [[0] * 6 + [1] * 4, [0] * 3 + [1] * 7]
    assert followed["layer1"].labels.tolist() == [1] * 3 + [0] * 7
    assert happened(followed) == []


def test_a_split_and_the_merge_that_undoes_it() -> None:
    parted = [0] * 4 + [2] * 2 + [1] * 4
    followed = follow(WHOLE, parted, WHOLE)
    assert happened(followed) == [
        ("split", (0,), (0, 2)),
        ("birth", (), (2,)),
        ("merge", (0, 2), (0,)),
        ("death", (2,), ()),
    ]
    assert followed.splits.tolist() == [1, 0]
    assert followed.merges.tolist() == [0, 1]
    assert followed.births.tolist() == [1, 0]
    assert followed.deaths.tolist() == [0, 1]
    assert followed.lineage(5).tolist() == [0, 2, 0]
    assert followed.lineage(9).tolist() == [1, 1, 1]


def test_an_even_split_into_many_leaves_no_heir_below_the_overlap() -> None:
    one, many = [0] * 40, list(range(20)) * 2
    followed = follow(one, many)  # each part is a twentieth
    assert (followed.splits.tolist(), followed.deaths.tolist()) == ([1], [1])
    assert followed.births.tolist() == [20]
    followed = follow(one, many, minimum_overlap=0.05)
    assert (followed.splits.tolist(), followed.deaths.tolist()) == ([1], [0])
    assert followed.births.tolist() == [19]


def test_half_is_no_majority() -> None:
    # Each half of both goes to each community of the next layer: nobody's child, nobody's parent.
    followed = follow([0, 0, 1, 1], [0, 1, 0, 1])
    assert followed.splits.tolist() == followed.merges.tolist() == [0]
    assert followed.births.tolist() == [0]  # a third is overlap enough to stay


def test_a_number_that_died_is_not_given_again() -> None:
    followed = follow(WHOLE, [0] * 10, WHOLE)
    assert followed.n_communities.tolist() == [2, 1, 2]
    assert followed.labels[:, 9].tolist() == [1, 0, 2]


def test_one_layer_has_no_steps() -> None:
    followed = follow(WHOLE)
    assert followed.splits.shape == followed.births.shape == (0,)
    assert followed.events == ()
    assert followed.labels.tolist() == [WHOLE]


chains = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 4), min_size=n, max_size=n), min_size=1, max_size=4)
)


@given(chains, st.floats(0.05, 1.0))
def test_equals_the_definitions(chain: list[list[int]], minimum_overlap: float) -> None:
    followed = follow(*chain, minimum_overlap=minimum_overlap)
    for place, (before, after) in enumerate(
        zip(followed.labels, followed.labels[1:], strict=False)
    ):
        assert twin.kept(before, after) == twin.most_kept(before, after, minimum_overlap)
        parent = [p for p in twin.majority_goes_to(after, before).values() if p is not None]
        goal = [g for g in twin.majority_goes_to(before, after).values() if g is not None]
        assert followed.splits[place] == sum(parent.count(one) > 1 for one in set(parent))
        assert followed.merges[place] == sum(goal.count(one) > 1 for one in set(goal))
        assert followed.births[place] == len(set(after) - set(before))
        assert followed.deaths[place] == len(set(before) - set(after))
    bookkeeping = followed.n_communities[:-1] + followed.births - followed.deaths
    assert bookkeeping.tolist() == followed.n_communities[1:].tolist()
    for row, one in zip(followed.labels, followed.results, strict=True):
        assert twin.parts(row).keys() == set(row.tolist())
        assert sorted(map(sorted, twin.parts(row).values())) == sorted(
            map(sorted, twin.parts(one.labels).values())
        )


@given(chains)
def test_a_reversed_chain_is_mirrored(chain: list[list[int]]) -> None:
    there, back = follow(*chain), follow(*chain[::-1])
    assert there.splits.tolist() == back.merges.tolist()[::-1]
    assert there.merges.tolist() == back.splits.tolist()[::-1]
    kept = [twin.kept(a, b) for a, b in zip(there.labels, there.labels[1:], strict=False)]
    again = [twin.kept(a, b) for a, b in zip(back.labels, back.labels[1:], strict=False)]
    assert kept == again[::-1]


def test_hundreds_of_communities_keep_as_many_as_scipy_says() -> None:
    rng = np.random.default_rng(4)
    before = rng.integers(300, size=6_000)
    after = np.where(rng.random(6_000) < 0.4, before, rng.integers(320, size=6_000))
    followed = follow(before, after, minimum_overlap=1e-9)
    table = np.zeros((before.max() + 1, after.max() + 1), dtype=np.int64)
    np.add.at(table, (before, after), 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    assert twin.kept(*followed.labels) == table[rows, columns].sum()


def blobs(n: int = 240) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(2)
    classes = np.arange(n) % 4
    noise = rng.normal(size=(n, 5))
    return {
        "early": noise + 12 * np.eye(5)[classes // 2],
        "late": noise + 12 * np.eye(5)[classes],
    }, classes


@pytest.mark.parametrize("algorithm", ["leiden", "louvain"])
def test_classes_that_part_are_found_and_followed(algorithm: str) -> None:
    stack, classes = blobs()
    followed = ls.follow_communities(
        stack, labels=classes, algorithm=algorithm, n_neighbors=60, resolution=0.3
    )
    assert followed.n_communities.tolist() == [2, 4]
    assert followed.splits.tolist() == [2]
    assert followed.agreement.ami[1] == 1.0
    assert followed.agreement["early"].ami == pytest.approx(followed.agreement.ami[0])
    assert set(followed.agreement.fragmentation) == {0, 1, 2, 3}
    assert followed.settings["algorithm"] == algorithm
    assert followed.settings["n_neighbors"] == 60


def test_neighbours_and_activations_lead_to_the_same() -> None:
    stack, classes = blobs()
    by_array = ls.follow_communities(stack, labels=classes)
    tables = {name: ls.neighbors(X) for name, X in stack.items()}
    by_table = ls.follow_communities(tables, labels=classes)
    by_activations = ls.follow_communities(ls.Activations(stack, labels=classes.tolist()))
    assert by_array.to_dict() == by_table.to_dict() == by_activations.to_dict()
    assert by_array.agreement is not None
    assert ls.follow_communities(stack).agreement is None


def test_edges_of_negative_similarity_are_left_out_with_a_word() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    followed = ls.follow_communities({"a": X}, n_neighbors=25, metric="cosine")
    [warning] = followed.warnings
    assert "layer 'a'" in warning
    assert "negative" in warning
    graph = ls.neighbors(X, n_neighbors=25, metric="cosine").graph().to_scipy()
    assert f"{(graph < 0).sum() // 2} edges" in warning


def test_the_table_and_the_dictionary() -> None:
    stack, classes = blobs()
    followed = ls.follow_communities(stack, labels=classes)
    assert followed.table.columns == (
        "layer", "n_communities", "modularity", "splits", "merges", "births", "deaths",
        "ami", "ari", "nmi", "purity",
    )  # fmt: skip
    assert followed.table["births"][0] is None
    assert list(followed.to_pandas()["layer"]) == ["early", "late"]
    safe = followed.to_dict()
    assert np.array_equal(safe["labels"], followed.labels)
    assert len(safe["events"]) == len(followed.events)
    assert "results" not in safe
    sources = ls.cite(followed)
    assert "traag2019leiden" in sources
    assert "vinh2010clusterings" in sources
    assert "vinh2010clusterings" not in ls.cite(ls.follow_communities(stack))


def test_how_the_search_goes_is_passed_on() -> None:
    stack, _ = blobs()
    followed = ls.follow_communities(
        stack, quality="cpm", resolution=0.05, n_iterations=3, n_runs=2, random_state=4
    )
    graph = ls.neighbors(stack["late"]).graph()
    alone = ls.leiden(
        graph, quality="cpm", resolution=0.05, n_iterations=3, n_runs=2, random_state=4
    )
    np.testing.assert_array_equal(followed["late"].labels, alone.labels)
    asked = {"quality": "cpm", "n_iterations": 3, "n_runs": 2, "random_state": 4}
    assert {key: followed.settings[key] for key in asked} == asked
    assert not followed.warnings


def test_settings_that_differ_among_ready_communities_are_told() -> None:
    stack, _ = blobs()
    graphs = {name: ls.neighbors(X).graph() for name, X in stack.items()}
    found = {
        "early": ls.leiden(graphs["early"], resolution=0.5),
        "late": ls.louvain(graphs["late"], random_state=3),
    }
    followed = ls.follow_communities(found)
    [warning] = followed.warnings
    assert "differ in algorithm (leiden, louvain), resolution (0.5, 1.0)" in warning
    assert followed.settings["resolution"] == {"early": 0.5, "late": 1.0}
    assert followed.settings["quality"] == "modularity"
    alike = {name: ls.leiden(graph, random_state=3) for name, graph in graphs.items()}
    assert ls.follow_communities(alike).settings["random_state"] == 3
    assert not ls.follow_communities(alike).warnings


def test_tables_of_several_metrics_or_depths_are_not_mixed() -> None:
    stack, _ = blobs()
    mixed = {
        "early": ls.neighbors(stack["early"], metric="cosine"),
        "late": ls.neighbors(stack["late"]),
    }
    with pytest.raises(ls.errors.InvalidInputError, match=r"one metric \(cosine\)"):
        ls.follow_communities(mixed)
    tables = {
        "early": ls.neighbors(stack["early"], n_neighbors=30),
        "late": ls.neighbors(stack["late"], n_neighbors=12),
    }
    followed = ls.follow_communities(tables)
    assert followed.settings["n_neighbors"] == 12
    assert not followed.warnings
    beside = ls.follow_communities({"early": mixed["early"], "late": stack["late"]})
    assert beside.settings["metric"] == "cosine"


def test_what_is_printed_is_for_reading() -> None:
    stack, classes = blobs()
    text = repr(ls.follow_communities(stack, labels=classes, n_neighbors=60, resolution=0.3))
    assert "n_communities  2 4" in text
    assert "splits         2" in text
    assert "ami" in text
    assert "LayerAgreement" not in text
    assert "none" in repr(follow(WHOLE))


def test_what_is_wrong_is_named() -> None:
    stack, _ = blobs()
    ready = {"a": communities(WHOLE)}
    wrong = ls.errors.InvalidInputError
    with pytest.raises(wrong, match="algorithm"):
        ls.follow_communities(stack, algorithm="walktrap")
    for share in (0.0, 1.5, -1, float("nan")):
        with pytest.raises(wrong, match="minimum_overlap"):
            ls.follow_communities(stack, minimum_overlap=share)
    with pytest.raises(wrong, match="labels"):
        ls.follow_communities(stack, labels=[0, 1])
    for argument, value in {
        "n_neighbors": 3,
        "random_state": 0,
        "quality": "cpm",
        "n_iterations": 4,
        "n_runs": 2,
        "resolution": 1.0,
    }.items():
        with pytest.raises(wrong, match=f"{argument} must not be given beside communities"):
            ls.follow_communities(ready, **{argument: value})
    for argument, value in {"quality": "size", "n_iterations": 0, "n_runs": 0}.items():
        with pytest.raises(wrong, match=argument):
            ls.follow_communities(stack, **{argument: value})
    graph = ls.neighbors(stack["early"]).graph()
    for wrong_stack in (graph, {"a": graph}):
        with pytest.raises(ls.errors.InvalidTypeError, match=r"stack.*leiden\(graph\)"):
            ls.follow_communities(wrong_stack)
    with pytest.raises(wrong, match="stack"):
        ls.follow_communities({**ready, "b": communities([0, 1])})
    with pytest.raises(wrong, match="stack"):
        ls.follow_communities({})
    with pytest.raises(wrong, match="sample"):
        follow(WHOLE).lineage(10)
    with pytest.raises(wrong, match="layer"):
        follow(WHOLE)["nowhere"]
