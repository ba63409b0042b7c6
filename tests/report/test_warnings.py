"""The same warning of several layers is said once, and no layer is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from layerscope import Activations, analyze
from layerscope.cli import cli
from layerscope.report._warnings import fold_warnings, group_warnings

LAYERS = [f"l{place}" for place in range(11)]


def test_a_warning_that_layers_share_is_said_once_with_their_names() -> None:
    warnings = [f"layer {name!r}: odd" for name in LAYERS[:6]]
    warnings += ["layer 'l2': even", "order was guessed"]
    wanted = ["6 layers (l0, l1, l2, l3, …): odd", "layer 'l2': even", "order was guessed"]
    assert fold_warnings(warnings, LAYERS) == wanted
    assert fold_warnings(warnings[:3], LAYERS) == ["3 layers (l0, l1, l2): odd"]
    assert group_warnings(warnings, LAYERS, None) == [
        ("", ["order was guessed"]),
        ("6 layers (l0, l1, l2, l3, …)", ["odd"]),
        ("l2", ["even"]),
    ]


def test_checkpoints_fold_apart() -> None:
    warnings = [f"checkpoint {step}: layer {name}: odd" for step in (1, 2) for name in "ab"]
    warnings.append("checkpoint 2: layer a: even")
    assert fold_warnings(warnings, ["a", "b", "c"], [1, 2]) == [
        "checkpoint 1: 2 layers (a, b): odd",
        "checkpoint 2: 2 layers (a, b): odd",
        "checkpoint 2: layer a: even",
    ]
    assert group_warnings(warnings, ["a", "b", "c"], [1, 2]) == [
        ("2 layers (a, b)", ["odd (checkpoints 1, 2)"]),
        ("a", ["even (checkpoint 2)"]),
    ]
    # At different checkpoints each layer keeps its own.
    assert group_warnings([warnings[0], warnings[3]], ["a", "b"], [1, 2]) == [
        ("a", ["odd (checkpoint 1)"]),
        ("b", ["odd (checkpoint 2)"]),
    ]


def test_one_class_is_said_once_and_in_the_singular(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stack = Activations(
        {name: rng.normal(size=(40, 4)).astype(np.float32) for name in LAYERS}, labels=[0] * 40
    )
    report = analyze(stack, n_neighbors=5, measures=("modularity",))
    same = "all labels are the same, so modularity says nothing"
    # The report keeps every layer's own; what is printed says it once.
    assert [text for text in report.warnings if same in text] == [
        f"layer {name!r}: {same}" for name in LAYERS
    ]
    assert repr(report).count(same) == 1
    assert f"all 11 layers: {same}" in repr(report)
    assert "labels of 1 class," in f"{repr(stack).splitlines()[0]},"
    path = str(tmp_path / "stack.safetensors")
    stack.save(path)
    said = CliRunner().invoke(cli, ["analyze", path, "-o", f"{tmp_path}/page.html"])
    assert said.exit_code == 0, said.output
    assert said.stderr.count(same) == 1
    assert ", 1 class, " in said.stdout
