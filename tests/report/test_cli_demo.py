"""`layerscope demo`: the picture it promises, from data inside the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layerscope.demo_data import load_demo
from tests.report._stacks import files_in, run


def test_the_demo_shows_the_fall_before_training_and_the_rise_after(tmp_path: Path) -> None:
    done = run("demo", "--json", "demo.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert files_in(tmp_path) == ["demo.json", "layerscope-report.html"]
    assert f"Report: {tmp_path / 'layerscope-report.html'}" in done.stdout

    run_of_layers = load_demo()
    steps, names = list(run_of_layers), list(next(iter(run_of_layers.values())))
    lines = done.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    assert [line.split()[0] for line in lines[start + 1 : start + 1 + len(names)]] == names
    assert f"modularity at {steps[0]}" in lines[start]
    assert "\x1b" not in done.stdout

    report = json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))
    table = report["table"]
    assert len(table["layer"]) == len(steps) * len(names)
    untrained, trained = table["modularity"][: len(names)], table["modularity"][-len(names) :]
    assert untrained[-1] < untrained[0]
    assert trained[-1] > trained[0]
    assert "Before training modularity falls with depth" in done.stdout
    assert "after it modularity rises with depth" in done.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_the_demo_runs_where_stdout_has_not_all_our_signs(tmp_path: Path, encoding: str) -> None:
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = run("demo", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "Modularity rises with depth" in done.stdout
