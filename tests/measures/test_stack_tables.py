"""Stacks of ready neighbours: one metric, one depth, groups everywhere or nowhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from layerscope import alignment, neighbors, nntp, nnts
from layerscope.errors import InvalidInputError, InvalidTypeError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 5)), RNG.normal(size=(60, 4))
COSINE = neighbors(X, metric="cosine")


@pytest.mark.parametrize("measure", [nnts, nntp])
def test_neighbours_of_two_metrics_are_refused(measure) -> None:
    with pytest.raises(
        InvalidInputError, match=r"layer 'b': stack must have one metric \(cosine\)"
    ):
        measure({"a": COSINE, "b": neighbors(Y)})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("ks", [15, (30,)])
def test_arrays_are_searched_as_the_ready_layers_were(order, ks) -> None:
    deep = neighbors(X, metric="cosine", n_neighbors=30)
    mixed = dict([("a", deep), ("b", Y)][::order])
    arrays = dict([("a", X), ("b", Y)][::order])
    found = nnts(mixed, n_neighbors=ks)
    assert found.settings["metric"] == "cosine"
    assert (found.by_k == nnts(arrays, n_neighbors=ks, metric="cosine").by_k).all()
    assert (nntp(mixed).counts == nntp(arrays, metric="cosine", n_neighbors=30).counts).all()


@pytest.mark.parametrize("depth", [5, 20])
def test_the_shallowest_ready_layer_says_how_deep_without_a_k(depth) -> None:
    mixed = {"a": neighbors(X, n_neighbors=depth), "b": neighbors(Y, n_neighbors=25), "c": Y}
    found = nnts(mixed)
    assert found.ks == tuple(range(1, depth + 1))
    assert found.settings["n_neighbors"] == depth
    assert (found.by_k == nnts({"a": X, "b": Y, "c": Y}, n_neighbors=depth).by_k).all()
    assert nntp(mixed).settings["n_neighbors"] == depth


@pytest.mark.parametrize("measure", [nnts, nntp])
def test_groups_are_everywhere_or_nowhere(measure) -> None:
    groups = np.arange(60) % 2
    grouped = {name: neighbors(x, groups=groups) for name, x in (("a", X), ("b", Y))}
    assert measure(grouped).layers == ("a", "b")
    for other in (Y, neighbors(Y)):
        with pytest.raises(InvalidInputError, match=r"layer 'b': stack .* in groups"):
            measure({"a": grouped["a"], "b": other})


def test_adjusted_is_there_at_every_k() -> None:
    found = nnts({"a": X, "b": Y}, n_neighbors=(2, 5, 59))
    chance = found.chance_by_k[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (found.by_k - chance) / (1 - chance)
    assert found.adjusted_by_k[:2] == pytest.approx(expected[:2])
    assert (found.adjusted_by_k[-1] == found.adjusted).all()


def test_births_and_deaths_stand_beside_their_layers() -> None:
    found = nntp({"a": X, "b": X[::-1], "c": X})
    table = found.table.to_dict()
    assert table["births"] == [None, *found.births.tolist()]
    assert table["deaths"] == [*found.deaths.tolist(), None]


@pytest.mark.parametrize("ks", [{3, 5}, (k for k in (1, 2)), "ab", 1.5, None])
def test_what_is_no_k_is_told_that_a_tuple_would_do(ks) -> None:
    with pytest.raises(InvalidTypeError, match="or a tuple of such"):
        nnts({"a": X, "b": Y}, n_neighbors=ks)


def test_alignment_says_why_ready_neighbours_will_not_do() -> None:
    with pytest.raises(InvalidTypeError, match="Y must be activations"):
        alignment(X, neighbors(Y))


def test_tables_made_by_hand_keep_no_settings() -> None:
    made = {
        name: replace(neighbors(x, n_neighbors=5), settings={}) for name, x in (("a", X), ("b", Y))
    }
    assert nnts(made).ks == (1, 2, 3, 4, 5)
    assert nntp(made).layers == ("a", "b")
