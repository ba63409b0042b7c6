"""Checkpoints: the same layers and samples, a step column, the last two compared."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from layerscope import Activations, analyze, analyze_run
from layerscope.errors import InvalidInputError, InvalidTypeError
from tests.report._stacks import RISING, labels_of, stack_of

LABELS = labels_of()


def scaled(scale: float, n_samples: int = 90) -> dict[str, Any]:
    return stack_of({name: scale * pull for name, pull in RISING.items()}, n_samples)


def test_every_checkpoint_has_the_rows_of_its_own_analysis() -> None:
    run = {0: scaled(0.2), 100: scaled(0.5), "final": scaled(1.0)}
    report = analyze_run(run, labels=LABELS, n_neighbors=6)
    assert report.steps == (0, 100, "final")
    assert report.layers == tuple(RISING)
    rows = list(report.table.rows())
    assert [row["step"] for row in rows] == [0] * 3 + [100] * 3 + ["final"] * 3
    for place, (step, stack) in enumerate(run.items()):
        alone = analyze(stack, labels=LABELS, n_neighbors=6)
        for row, expected in zip(rows[3 * place : 3 * place + 3], alone.table.rows(), strict=True):
            assert row == {"step": step, **expected}
        assert set(report.results) == set(alone.results)
        assert report.results["modularity"][step].value.tolist() == list(alone.table["modularity"])


def test_the_last_two_checkpoints_are_compared_on_the_same_rows() -> None:
    rising = analyze_run({1: scaled(0.1), 2: scaled(0.5), 3: scaled(1.0)}, labels=LABELS)
    told = [text for text in rising.advice if "checkpoint" in text]
    assert told
    assert all("from checkpoint 2 to 3" in text for text in told)
    assert any(
        text.startswith("Training still organises 2 layers (conv2, conv10), most of all")
        for text in told
    )  # conv1 does not depend on the scale
    falling = analyze_run({1: scaled(1.0), 2: scaled(0.5)}, labels=LABELS)
    assert any(text.startswith("Training undoes class structure in") for text in falling.advice)
    assert not any("still organises" in text for text in falling.advice)
    still = analyze_run({1: scaled(1.0), 2: scaled(1.0)}, labels=LABELS)
    assert any(text.startswith("No layer's modularity changes") for text in still.advice)


def test_one_checkpoint_is_compared_with_nothing() -> None:
    report = analyze_run({"only": scaled(1.0)}, labels=LABELS)
    assert report.steps == ("only",)
    assert report.table["step"] == ("only",) * 3
    assert not any("checkpoint" in text for text in report.advice)


def test_labels_and_ids_of_the_checkpoints_count() -> None:
    ids = [f"s{row}" for row in range(90)]
    stacks = {
        step: Activations(scaled(1.0), sample_ids=ids, labels=LABELS.tolist()) for step in "ab"
    }
    assert "modularity" in analyze_run(stacks).results
    stacks["c"] = Activations(scaled(1.0), sample_ids=ids[::-1], labels=LABELS.tolist())
    with pytest.raises(InvalidInputError, match=r"sample ids of checkpoint a .* of checkpoint c"):
        analyze_run(stacks)
    stacks["c"] = Activations(scaled(1.0), labels=LABELS.tolist()[::-1])
    with pytest.raises(InvalidInputError, match="labels must be those of checkpoint a"):
        analyze_run(stacks)
    assert "modularity" in analyze_run(stacks, labels=LABELS).results


def test_a_shared_warning_is_said_once() -> None:
    dead = {"dead": np.zeros((90, 3))}
    report = analyze_run({1: dead, 2: dead}, labels=LABELS)
    assert report.warnings
    assert not any(text.startswith("checkpoint") for text in report.warnings)
    mixed = analyze_run({1: dead, 2: {"dead": scaled(1.0)["conv1"]}}, labels=LABELS)
    assert any(text.startswith("checkpoint 1: ") for text in mixed.warnings)
    assert not any(text.startswith("checkpoint 2: layer 'dead'") for text in mixed.warnings)


def test_progress_runs_over_all_checkpoints() -> None:
    calls: list[tuple[int, int, str]] = []
    analyze_run({1: scaled(1.0), 2: scaled(1.0)}, progress=lambda *told: calls.append(told))
    assert calls[-1][:2] == (10000, 10000)
    assert [told[0] for told in calls] == sorted(told[0] for told in calls)


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        ([scaled(1.0)], InvalidTypeError, "run must be a mapping of step to stack"),
        ({}, InvalidInputError, "run must have at least one checkpoint"),
        ({1: scaled(1.0), 2: {"fc": np.eye(90)}}, InvalidInputError, "with fc at checkpoint 2"),
        (
            {1: scaled(1.0), 2: dict(reversed(scaled(1.0).items()))},
            InvalidInputError,
            "another order at checkpoint 2",
        ),
        (
            {1: scaled(1.0), "two": scaled(1.0, 60)},
            InvalidInputError,
            "must have the samples of checkpoint 1 (90); got 60 at checkpoint two",
        ),
        ({1: scaled(1.0), 2: 7}, InvalidTypeError, "(checkpoint 2)"),
        (
            {1: scaled(1.0), 2: {**scaled(1.0), "conv2": np.full((90, 2), np.inf)}},
            InvalidInputError,
            "layer 'conv2': X must be finite; got inf at row 0, column 0 (checkpoint 2)",
        ),
    ],
)
def test_checkpoints_that_do_not_match_are_refused_by_name(
    run: Any, kind: type, words: str
) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        analyze_run(run)
