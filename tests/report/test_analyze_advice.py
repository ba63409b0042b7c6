"""Advice: only what the intervals carry, and what they cannot show said beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from layerscope.analyze._advice import advise, advise_run


@dataclass(frozen=True)
class Change:
    value: float
    low: float
    high: float


class Curve:
    """A curve whose every difference has the same half width."""

    def __init__(self, values: list[float], width: float, bound: float = 0.9, z: float = 50.0):
        self.layers = tuple(f"l{place}" for place in range(len(values)))
        self.value = np.array(values)
        self.bound = np.full(len(values), bound)
        self.ratio = self.value / bound
        self.z = np.full(len(values), z)
        self.width = width

    def difference(self, a: str, b: str) -> Change:
        value = float(self.value[self.layers.index(b)] - self.value[self.layers.index(a)])
        return Change(value, value - self.width, value + self.width)


@dataclass(frozen=True)
class Rows:
    n_samples: int = 500
    n_duplicate_rows: int = 0


def said(curve: Curve, duplicates: dict[str, int] | None = None) -> str:
    tables = {name: Rows(n_duplicate_rows=(duplicates or {}).get(name, 0)) for name in curve.layers}
    return "\n".join(advise(curve.layers, {"modularity": curve}, tables))


def test_a_plateau_is_a_candidate_with_its_interval_and_its_doubt() -> None:
    text = said(Curve([0.1, 0.4, 0.404, 0.398, 0.7], 0.012))
    assert "Modularity does not rise from l1 to l3 (difference −0.002, 95 % interval" in text
    assert "−0.014 to 0.010" in text
    assert "the layers after l1 up to l3 are candidates for cutting" in text
    assert "measure the accuracy after the cut" in text
    assert "a plateau alone does not show that a layer can go" in text
    assert "Modularity rises with depth, from l0 to l4 by 0.600" in text


def test_a_single_layer_and_the_last_layer_are_named_as_such() -> None:
    middle = said(Curve([0.1, 0.5, 0.505, 0.9], 0.01))
    assert "l2 is a candidate for cutting; measure" in middle
    longer = said(Curve([0.1, 0.5, 0.505, 0.502], 0.01))
    assert "up to l3 are candidates for cutting (the output layer itself has to stay)" in longer
    text = said(Curve([0.1, 0.5, 0.505], 0.01))
    assert "the output layer has to stay, but the classes are formed before it" in text
    assert "candidate" not in text


def test_a_fall_inside_a_rise_is_called_a_fall() -> None:
    assert "Modularity falls from l1 to l2" in said(Curve([0.1, 0.5, 0.4, 0.8], 0.01))


def test_a_small_but_certain_rise_is_called_a_rise() -> None:
    text = said(Curve([0.1, 0.5, 0.51, 0.8], 0.006))
    assert (
        "Modularity rises by at most 0.016 from l1 to l2 (difference 0.010, 95 % interval 0.004 "
        "to 0.016): l2 is a candidate" in text
    )
    assert "does not rise" not in text


def test_a_rise_that_cost_accuracy_in_the_paper_is_no_plateau() -> None:
    assert "candidate" not in said(Curve([0.1, 0.5, 0.54, 0.8], 0.001))
    assert "candidate" not in said(Curve([0.1, 0.5, 0.52, 0.8], 0.001))
    assert "candidate" in said(Curve([0.1, 0.5, 0.51, 0.8], 0.001))


def test_small_rises_do_not_add_up_to_a_plateau() -> None:
    text = said(Curve([0.1, 0.5, 0.51, 0.52, 0.53, 0.54, 0.8], 0.002))
    # Two layers are flat together; three are not, and a kept layer is no candidate of the next.
    assert "from l1 to l2 " in text
    assert "from l3 to l4 " in text
    assert text.count("candidate") == 2
    # The ends may agree while modularity rises in between.
    text = said(Curve([0.1, 0.55, 0.5, 0.55, 0.8], 0.002))
    assert "from l1 to l2 " in text
    assert text.count("candidate") == 1


def test_the_longest_plateau_is_taken() -> None:
    text = said(Curve([0.1, 0.485, 0.5, 0.505, 0.51, 0.8], 0.002))
    assert "the layers after l1 up to l2" not in text
    assert "the layers after l2 up to l4 are candidates" in text
    assert text.count("candidate") == 1


def test_layers_at_chance_level_are_no_plateau() -> None:
    curve = Curve([0.002, 0.003, 0.001, 0.5, 0.7], 0.004)
    curve.z = np.array([1.0, 1.5, 0.5, 50.0, 50.0])
    text = said(curve)
    assert "candidate" not in text
    assert "does not stand out from that of permuted labels in l0, l1, l2" in text
    assert "more rows" not in text
    curve.z[:] = np.nan
    assert "the layers after l0 up to l2 are candidates" in said(curve)


def test_steady_growth_speaks_for_no_cut() -> None:
    text = said(Curve([0.1, 0.3, 0.5, 0.7], 0.02))
    assert "rises at every layer: nothing here speaks for cutting one" in text
    assert "candidate" not in text


def test_wide_intervals_claim_neither_plateau_nor_rise() -> None:
    text = said(Curve([0.1, 0.3, 0.31, 0.7], 0.1))
    assert "candidate" not in text
    assert "between l1 and l2 (difference 0.010" in text
    assert "they cannot tell a small rise from none: use more rows" in text
    text = said(Curve([0.4, 0.42, 0.41], 0.3))
    assert "candidate" not in text
    assert "Whether modularity changes from l0 to l2 cannot be told" in text


def test_a_fall_with_depth_asks_whether_the_weights_are_trained() -> None:
    text = said(Curve([0.5, 0.3, 0.1], 0.02))
    assert "Modularity falls with depth, from l0 to l2 by −0.400" in text
    assert "check that these are the trained weights before you cut anything" in text
    assert "candidate" not in text


def test_labels_that_no_layer_knows_are_doubted_first() -> None:
    text = said(Curve([0.001, 0.002], 0.001, z=1.4))
    assert "largest z 1.4" in text
    assert "the labels do not belong to these rows in this order" in text
    assert "candidate" not in text


def test_a_data_set_too_easy_says_nothing_of_the_layers() -> None:
    text = said(Curve([0.88, 0.885, 0.89], 0.001))
    assert "too easy to tell the layers apart" in text
    assert "candidate" not in text


@pytest.mark.parametrize(("repeats", "words"), [(400, "have collapsed"), (60, "are collapsing")])
def test_repeated_rows_are_told(repeats: int, words: str) -> None:
    text = said(Curve([0.1, 0.5], 0.01), {"l1": repeats})
    assert f"Rows {words} onto one another in l1: {repeats} of its 500 rows repeat" in text
    text = said(Curve([0.1, 0.5], 0.01), {"l0": 60, "l1": repeats})
    assert "in 2 layers (l0, l1), most of all" in text


def test_a_few_repeated_rows_are_not_told() -> None:
    assert "collaps" not in said(Curve([0.1, 0.5], 0.01), {"l1": 20})


def test_without_a_null_or_an_interval_nothing_is_claimed() -> None:
    assert "No layer's modularity stands out" not in said(Curve([0.1, 0.5], 0.01, z=np.nan))
    assert said(Curve([0.1, 0.5], np.nan)) == ""
    assert said(Curve([0.5], 0.01)) == ""


def test_without_labels_it_says_what_labels_would_show() -> None:
    (text,) = advise(("a",), {"intrinsic_dimension": None}, {"a": Rows()})
    assert text.startswith("Without labels only the shape of the layers can be measured")


def test_a_run_tells_rises_falls_and_neither() -> None:
    changes = {"a": Change(0.03, 0.01, 0.05), "b": Change(-0.03, -0.05, -0.01)}
    rise, fall = advise_run((10, 20), ("a", "b", "c"), {**changes, "c": Change(0.0, -0.1, 0.1)})
    assert rise.startswith(
        "Training still organises a (from checkpoint 10 to 20 its modularity rises by 0.030, "
        "95 % interval 0.010 to 0.050)"
    )
    assert fall.startswith("Training undoes class structure in b (from checkpoint 10 to 20")
    (both,) = advise_run((10, 20), ("a", "b"), {"a": changes["a"], "b": Change(0.04, 0.01, 0.07)})
    assert both.startswith("Training still organises 2 layers (a, b), most of all b (from")
    (neither,) = advise_run((10, 20), ("c",), {"c": Change(0.004, -0.01, 0.02)})
    assert "largest: c, 0.004, 95 % interval −0.010 to 0.020" in neither
    assert "which more rows might change" in neither
    assert advise_run((10,), ("a",), changes) == ()
    assert advise_run((10, 20), ("a",), {}) == ()


def test_every_sentence_is_whole() -> None:
    curves: list[Any] = [
        Curve([0.1, 0.4, 0.404, 0.398, 0.7], 0.012),
        Curve([0.1, 0.5, 0.51, 0.8], 0.006),
        Curve([0.1, 0.3, 0.31, 0.7], 0.1),
        Curve([0.5, 0.3, 0.1], 0.02),
        Curve([0.001, 0.002], 0.001, z=1.4),
    ]
    for curve in curves:
        for text in said(curve, {"l1": 400}).splitlines():
            assert text[0].isupper()
            assert text.endswith(".")
