"""Self-similarity in a report: what is said of it, and where its null misleads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from layerscope import Report, analyze, self_similarity
from layerscope._table import Table
from layerscope.report._words import summary

Layers = dict[str, npt.NDArray[np.float64]]


@pytest.fixture(scope="module")
def stack() -> Layers:
    """A layer of noise, one of few directions, one half dead, one with every unit twice."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(120, 24))
    few = rng.normal(size=(120, 3)) @ rng.normal(size=(3, 24))
    dead = noise.copy()
    dead[:, :12] = 0
    return {"noise": noise, "few": few, "dead": dead, "twice": np.c_[few[:, :12], few[:, :12]]}


@pytest.fixture(scope="module")
def report(stack: Layers) -> Report:
    return analyze(stack, n_neighbors=4, measures="self_similarity")


def _said(report: Report) -> list[str]:
    return [text for text in summary(report) if "Self-similarity" in text]


def test_the_summary_names_the_layer_furthest_from_its_null(report: Report) -> None:
    z = dict(zip(report.layers, report.table["self_similarity_z"], strict=True))
    assert abs(z["few"]) > max(2, abs(z["noise"]))
    assert abs(z["twice"]) > abs(z["few"])  # which is why it is left out
    [sentence] = _said(report)
    assert "permuted responses in few: " in sentence
    assert f"z {z['few']:.3f}".replace("-", "−")[:6] in sentence
    assert sentence.endswith("; 2 layers with many dead or duplicate units left out.")


def test_the_summary_says_when_even_that_layer_is_within_chance(stack: Layers) -> None:
    report = analyze({"noise": stack["noise"]}, n_neighbors=4, measures="self_similarity")
    assert abs(report.table["self_similarity_z"][0]) < 2
    [sentence] = _said(report)
    assert sentence.endswith(", within chance.")


def test_a_few_dead_units_are_named_beside_z(stack: Layers) -> None:
    few = stack["few"].copy()
    few[:, 0] = 1
    report = analyze({"few": few}, n_neighbors=4, measures="self_similarity")
    assert "(dead units, 4.2 % of all, narrow the null)" in _said(report)[0]
    assert not any("dead" in text for text in report.warnings)


def test_without_a_null_the_summary_has_no_word_of_it() -> None:
    columns = {"layer": ["a"], "self_similarity": [0.3], "self_similarity_null": [np.nan]}
    table = Table({**columns, "self_similarity_z": [np.nan]})
    assert _said(Report(layers=("a",), table=table)) == []


def test_many_dead_units_are_told_in_the_card_and_are_no_warning(report: Report) -> None:
    # Common after a ReLU: a line per layer and checkpoint would bury what is rare.
    assert report.table["dead_share"][report.layers.index("dead")] == 0.5
    assert not any("dead" in text for text in report.warnings)


def test_the_remedies_give_a_wider_null_and_a_smaller_z(stack: Layers) -> None:
    X = np.maximum(stack["few"] @ np.random.default_rng(1).normal(size=(24, 40)), 0)
    X[:, :16] = 0
    before, after = self_similarity(X), self_similarity(X[:, X.std(axis=0) > 0])
    assert after.dead_share == 0
    assert after.null_sd > before.null_sd
    assert abs(after.z) < abs(before.z)
    X = stack["twice"]
    before, after = self_similarity(X), self_similarity(np.unique(X, axis=1))
    assert after.duplicate_share == 0
    assert abs(after.z) < abs(before.z)


def test_the_page_says_it_in_the_card_and_folds_columns(report: Report, tmp_path: Path) -> None:
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    card = page[page.index("Self-similarity of units") :]
    assert "over 10 % of the units are dead or duplicates (dead, twice): " in card
    assert "report.table and the JSON file also have Self-sim. null, θ min, θ max." in page
    assert ">θ min</th>" not in page
    assert ">Self-sim. z</th>" in page
    assert {"theta_min", "theta_max", "self_similarity_null"} <= set(report.table.columns)


def test_a_page_without_such_layers_has_no_such_words(stack: Layers, tmp_path: Path) -> None:
    report = analyze({"few": stack["few"]}, n_neighbors=4, measures="self_similarity")
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "dead or duplicates" not in page
