"""The high-level call: what it computes, shares, refuses and records."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import numpy as np
import pytest

from layerscope import (
    Activations,
    analyze,
    analyze_run,
    bfloat16,
    cka,
    intrinsic_dimension,
    label_agreement,
    modularity,
    modularity_curve,
    neighbors,
    nntp,
    nnts,
)
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from tests.report._stacks import RISING, labels_of, stack_of

# The function `analyze` hides the package of the same name from attribute access.
measured_module = importlib.import_module("layerscope.analyze._measured")

LABELS = labels_of()
COLUMNS = (
    *("layer", "n_features", "label_agreement", "modularity", "modularity_low", "modularity_high"),
    *("bound", "ratio", "z", "intrinsic_dimension", "intrinsic_dimension_se"),
    *("nnts_previous", "cka_previous", "self_similarity", "self_similarity_null"),
    *("theta_min", "theta_max", "dead_share", "duplicate_share", "self_similarity_z"),
    *("transient_share", "hubness"),
    *("n_tied_rows", "n_duplicate_rows", "n_zero_rows"),
)


def test_the_table_has_the_promised_columns_and_the_numbers_of_the_measures() -> None:
    stack = stack_of(RISING)
    report = analyze(stack, labels=LABELS, n_neighbors=6)
    assert report.layers == tuple(RISING)
    assert report.table.columns == COLUMNS
    assert report.steps is None
    assert tuple(report.results) == (
        *("label_agreement", "modularity", "intrinsic_dimension", "nnts", "nntp", "cka"),
        "self_similarity",
    )
    similar = nnts(stack, n_neighbors=6)
    np.testing.assert_array_equal(report.results["nnts"].by_k, similar.by_k)
    np.testing.assert_array_equal(report.table["nnts_previous"][1:], np.diag(similar.matrix, 1))
    transient = nntp(stack, n_neighbors=6).transient_share
    np.testing.assert_array_equal(report.table["transient_share"], transient)
    for row in report.table.rows():
        X = stack[row["layer"]]
        alone = modularity(X, LABELS, n_neighbors=6, n_permutations=100)
        assert row["modularity"] == alone.value
        assert row["bound"] == alone.bound
        assert row["ratio"] == alone.ratio
        assert row["label_agreement"] == label_agreement(X, LABELS, n_neighbors=6).value
        dimension = intrinsic_dimension(X)
        assert row["intrinsic_dimension"] == dimension.value
        assert row["intrinsic_dimension_se"] == dimension.standard_error
        table = neighbors(X, n_neighbors=6)
        for fact in ("hubness", "n_tied_rows", "n_duplicate_rows", "n_zero_rows"):
            assert row[fact] == getattr(table, fact), fact
        assert row["n_features"] == 6
        assert row["modularity_low"] < row["modularity"] < row["modularity_high"]


def test_intervals_and_differences_are_those_of_the_curve() -> None:
    stack = stack_of(RISING)
    report = analyze(stack, labels=LABELS, n_neighbors=6)
    curve = modularity_curve(stack, LABELS, n_neighbors=6)
    assert report.table["modularity_low"] == tuple(curve.low.tolist())
    assert report.table["modularity_high"] == tuple(curve.high.tolist())
    ours, theirs = (
        result.difference("conv1", "conv10") for result in (report.results["modularity"], curve)
    )
    assert (ours.value, ours.low, ours.high) == (theirs.value, theirs.low, theirs.high)


def test_neighbours_are_sought_once_per_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str]] = []

    def counting(X: Any, **settings: Any) -> Any:
        asked.append((settings["n_neighbors"], settings["metric"]))
        return neighbors(X, **settings)

    monkeypatch.setattr(measured_module, "neighbors", counting)
    analyze(stack_of(RISING), labels=LABELS)
    assert asked == [(40, "euclidean")] * 3
    asked.clear()
    analyze(stack_of(RISING), labels=LABELS, metric="cosine", n_neighbors=3)
    assert sorted(asked) == sorted([(16, "cosine"), (2, "euclidean")] * 3)
    asked.clear()
    analyze(stack_of(RISING), labels=LABELS, metric="cosine", measures="label_agreement")
    assert [metric for _, metric in asked] == ["cosine"] * 3


def test_ready_neighbours_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(RISING)
    tables = {name: neighbors(X, n_neighbors=20) for name, X in stack.items()}
    monkeypatch.setattr(measured_module, "neighbors", None)
    report = analyze(tables, labels=LABELS)
    assert report.settings["n_neighbors"] == 20
    assert report.table["n_features"] == (None, None, None)
    monkeypatch.undo()
    assert (
        report.table["modularity"]
        == analyze(stack, labels=LABELS, n_neighbors=20).table["modularity"]
    )
    shorter = analyze(tables, labels=LABELS, n_neighbors=6)
    expected = analyze(stack, labels=LABELS, n_neighbors=6)
    for column in ("modularity", "label_agreement", "intrinsic_dimension", "hubness"):
        assert shorter.table[column] == expected.table[column], column


def test_the_dimension_of_cosine_neighbours_is_left_out_with_a_word() -> None:
    tables = {"a": neighbors(stack_of(RISING)["conv1"], metric="cosine")}
    report = analyze(tables, labels=LABELS)
    assert "intrinsic_dimension" not in report.table
    assert any("intrinsic_dimension is left out" in text for text in report.warnings)


def test_cka_is_that_of_the_pairs_and_stands_in_the_table() -> None:
    stack = stack_of(RISING)
    report = analyze(stack, measures="cka")
    assert tuple(report.results) == ("cka",)
    found = report.results["cka"]
    names = list(stack)
    for a, first in enumerate(names):
        for b, second in enumerate(names[a + 1 :], a + 1):
            plain = cka(stack[first], stack[second]).value
            debiased = cka(stack[first], stack[second], debiased=True).value
            assert found.matrix[a, b] == found.matrix[b, a] == pytest.approx(plain, abs=1e-12)
            assert found.debiased[a, b] == pytest.approx(debiased, abs=1e-12)
    previous = report.table["cka_previous"]
    assert np.isnan(previous[0])
    assert previous[1:] == tuple(np.diag(found.matrix, 1).tolist())


def test_cka_without_activations_or_memory_is_left_out_with_a_word() -> None:
    stack = stack_of(RISING)
    tables = {**stack, "conv2": neighbors(stack["conv2"], n_neighbors=15)}
    report = analyze(tables, n_neighbors=5)
    assert "cka" not in report.results
    assert "cka_previous" not in report.table
    assert any(
        "cka is left out" in text and "only the neighbours" in text and "'conv2'" in text
        for text in report.warnings
    )


def test_cka_that_does_not_fit_is_left_out_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_small(layers: Any, **_: Any) -> Any:
        raise MemoryLimitError("memory_limit", "must be at least 9 bytes here", 8)

    monkeypatch.setattr(measured_module, "cka_matrix", too_small)
    report = analyze(stack_of(RISING))
    assert "cka" not in report.results
    assert any(text.startswith("cka is left out: memory_limit") for text in report.warnings)


def test_labels_come_with_the_stack_or_beside_it() -> None:
    stack = stack_of(RISING)
    inside = analyze(Activations(stack, labels=LABELS.tolist()))
    beside = analyze(stack, labels=[f"class {label}" for label in LABELS])
    assert inside.table["modularity"] == beside.table["modularity"]
    assert set(inside.results["modularity"]["conv1"].per_class) == {0, 1, 2}
    without = analyze(stack)
    assert set(without.results) == {
        *("intrinsic_dimension", "nnts", "nntp", "cka", "self_similarity")
    }
    assert "Without labels" in without.advice[0]


def test_warnings_of_the_stack_and_of_the_layers_reach_the_report(tmp_path: Any) -> None:
    from layerscope import load

    for name, X in stack_of({"b": 1.0, "a": 2.0}).items():
        np.save(tmp_path / f"{name}.npy", X)
    np.save(tmp_path / "dead.npy", np.zeros((90, 3)))
    report = analyze(load(tmp_path, labels=LABELS))
    assert any("order of the layers is guessed" in text for text in report.warnings)
    assert any("'dead'" in text for text in report.warnings)
    assert len(set(report.warnings)) == len(report.warnings)


def test_settings_repeat_the_call() -> None:
    report = analyze(stack_of(RISING), labels=LABELS, n_neighbors=6, random_state=3)
    settings = report.settings
    assert settings["function"] == "analyze"
    assert settings["n_samples"] == 90
    assert settings["n_classes"] == 3
    names = ("n_neighbors", "metric", "measures", "preset", "n_permutations", "random_state")
    again = analyze(stack_of(RISING), labels=LABELS, **{name: settings[name] for name in names})
    assert json.dumps(again.to_dict()) == json.dumps(report.to_dict())
    assert type(settings["n_neighbors"]) is int
    assert type(settings["metric"]) is str


def test_settings_under_the_preset_tell_its_subsamples() -> None:
    settings = analyze(stack_of(RISING), labels=LABELS, preset="eccv2022").settings
    assert (settings["n_subsamples"], settings["subsample_size"]) == (5, 90)
    run = {0: stack_of(RISING), 1: stack_of(RISING)}
    settings = analyze_run(run, labels=LABELS, preset="eccv2022").settings
    assert (settings["n_subsamples"], settings["subsample_size"]) == (5, 90)


def test_seeds_decide_and_threads_do_not() -> None:
    stack = stack_of(RISING)
    one = analyze(stack, labels=LABELS, n_jobs=1)
    for other in (analyze(stack, labels=LABELS, n_jobs=7), analyze(stack, labels=LABELS)):
        assert json.dumps(one.to_dict()) == json.dumps(other.to_dict())
    seeded = analyze(stack, labels=LABELS, random_state=1)
    assert seeded.table["z"] != one.table["z"]
    assert seeded.table["modularity"] == one.table["modularity"]


def test_the_preset_draws_subsamples_and_gives_way_to_what_is_given() -> None:
    stack = stack_of(RISING)
    report = analyze(stack, labels=LABELS, preset="eccv2022", n_permutations=0)
    curve = report.results["modularity"]
    assert (report.settings["n_neighbors"], report.settings["metric"]) == (3, "cosine")
    assert np.isfinite(curve.subsample_mean).all()
    expected = modularity(stack["conv10"], LABELS, preset="eccv2022", n_permutations=0)
    assert curve["conv10"].value == expected.value
    report = analyze(stack, labels=LABELS, preset="eccv2022", metric="euclidean", n_permutations=0)
    assert (report.settings["n_neighbors"], report.settings["metric"]) == (3, "euclidean")


def test_no_permutations_leave_the_null_empty() -> None:
    report = analyze(stack_of(RISING), labels=LABELS, n_permutations=0)
    assert np.isnan(report.table["z"]).all()
    assert np.isfinite(report.table["modularity"]).all()


def test_progress_runs_once_over_all_layers() -> None:
    calls: list[tuple[int, int, str]] = []
    analyze(stack_of(RISING), labels=LABELS, progress=lambda *told: calls.append(told))
    done = [told[0] for told in calls]
    assert done == sorted(done)
    assert done[0] == 0
    assert {told[1] for told in calls} == {5000}
    assert calls[-1][0] == 5000
    whats = {f"neighbours of {name}" for name in RISING}
    whats |= {"CKA of all pairs of layers", "self-similarity of units"}
    assert {told[2] for told in calls} == whats


def test_half_floats_and_bfloat16_words_are_taken() -> None:
    X = np.round(stack_of(RISING)["conv2"] * 8) / 8
    words = (X.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    stack = {"f32": X, "f16": X.astype(np.float16), "bf16": bfloat16(words)}
    report = analyze(stack, labels=LABELS)
    f32, f16, _ = report.table["modularity"]
    assert f32 == f16
    assert report.table["n_features"] == (6, 6, 6)


@pytest.mark.parametrize("n_samples", [2, 3, 4])
def test_very_few_samples_are_defined(n_samples: int) -> None:
    X = np.arange(2.0 * n_samples).reshape(n_samples, 2) ** 2
    report = analyze({"a": X}, labels=[0, *[1] * (n_samples - 1)], n_neighbors=1)
    assert len(report.table) == 1
    assert (n_samples == 2) == ("intrinsic_dimension" not in report.results)


def test_a_stack_of_one_layer_and_labels_of_one_class_are_defined() -> None:
    report = analyze({"only": stack_of(RISING)["conv1"]}, labels=["same"] * 90)
    assert report.table["bound"] == (0.0,)
    assert np.isnan(report.table["ratio"]).all()


WRONG: dict[str, tuple[dict[str, Any], type, str]] = {
    "k = n": ({"n_neighbors": 90}, InvalidInputError, "n_neighbors must be at most 89"),
    "k = 0": ({"n_neighbors": 0}, InvalidInputError, "n_neighbors must be an integer"),
    "k of text": ({"n_neighbors": "3"}, InvalidTypeError, "n_neighbors must be an integer"),
    "metric": ({"metric": "l1"}, InvalidInputError, "metric must be one of 'euclidean'"),
    "preset": ({"preset": "x"}, InvalidInputError, "preset must be one of 'eccv2022'"),
    "later measure": (
        {"measures": ["separability"]},
        InvalidInputError,
        "'separability', which is not part of it",
    ),
    "unknown measure": ({"measures": "cca"}, InvalidInputError, "names among label_agreement"),
    "measure of a number": ({"measures": 3}, InvalidTypeError, "measures must be None, a name"),
    "measures of numbers": ({"measures": [3]}, InvalidTypeError, "measures must be names among"),
    "no measures": ({"measures": []}, InvalidInputError, "measures must name at least one"),
    "short labels": ({"labels": [0, 1]}, InvalidInputError, "one entry per row (90)"),
    "missing label": ({"labels": [None] * 90}, InvalidInputError, "labels must not be missing"),
    "permutations": ({"n_permutations": -1}, InvalidInputError, "n_permutations must be an int"),
    "seed": ({"random_state": -1}, InvalidInputError, "random_state must be an integer"),
    "jobs": ({"n_jobs": 0}, InvalidInputError, "n_jobs must be an integer of at least 1"),
    "limit": ({"memory_limit": "2 apples"}, InvalidInputError, "memory_limit must be bytes or"),
    "progress": ({"progress": 3}, InvalidTypeError, "progress must be None, True or a callable"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_refused_before_any_search(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured_module, "neighbors", None)
    settings, kind, words = WRONG[case]
    with pytest.raises(kind, match=re.escape(words)):
        analyze(stack_of(RISING), **{"labels": LABELS, **settings})


def test_label_measures_asked_for_by_name_need_labels() -> None:
    with pytest.raises(InvalidInputError, match="labels must be given for modularity"):
        analyze(stack_of(RISING), measures="modularity")


@pytest.mark.parametrize(
    ("stack", "kind", "words"),
    [
        ({}, InvalidInputError, "at least one layer"),
        ([1, 2], InvalidTypeError, "mapping of layer name"),
        ({"a": [[1.0]]}, InvalidInputError, "at least two samples"),
        ({"a": np.zeros((4, 2, 2, 2))}, InvalidInputError, "layer 'a'"),
        ({"a": np.zeros((4, 2)), "b": np.zeros((5, 2))}, InvalidInputError, "4 rows in 'a'"),
        ({"a": np.eye(20), "b": np.full((20, 2), np.nan)}, InvalidInputError, "layer 'b': X must"),
    ],
)
def test_wrong_stacks_are_refused_by_the_layers_name(stack: Any, kind: type, words: str) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        analyze(stack)


def test_neighbours_that_do_not_fit_are_refused() -> None:
    X = stack_of(RISING)["conv1"]
    euclidean, cosine = neighbors(X), neighbors(X, metric="cosine")
    with pytest.raises(InvalidInputError, match="layer 'b': stack must have one metric"):
        analyze({"a": euclidean, "b": cosine}, labels=LABELS)
    with pytest.raises(InvalidInputError, match="layer 'b': stack must have as many neighbours"):
        analyze({"a": euclidean, "b": neighbors(X, n_neighbors=4)}, labels=LABELS)
    with pytest.raises(InvalidInputError, match="n_neighbors must be at most 15"):
        analyze({"a": euclidean}, labels=LABELS, n_neighbors=16)
    with pytest.raises(InvalidInputError, match="activations for a preset"):
        analyze({"a": euclidean}, labels=LABELS, preset="eccv2022")
    with pytest.raises(InvalidInputError, match="not of queries"):
        analyze({"a": neighbors(X, queries=X)}, labels=LABELS)
