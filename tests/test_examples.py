"""The default form of every example runs, in an empty folder, without a warning on the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests._shared import shared

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("[!_]*.py"))


def cases() -> list[object]:
    made = []
    for path in EXAMPLES:
        code = path.read_text(encoding="utf-8")
        needs_torch = re.search(r"^\s*(import|from) torch\b", code, re.MULTILINE)
        marks = [pytest.mark.torch] if needs_torch or "layerscope.torch" in code else []
        made.append(pytest.param(path, id=path.name, marks=marks))
    return made


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("example", cases())
def test_the_default_form_runs(example: Path, tmp_path: Path) -> None:
    if "LAYERSCOPE_SHARED" in example.read_text(encoding="utf-8"):
        shared("images")  # skips where there are no data
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "an example says what it found"


@pytest.mark.torch
def test_an_example_without_its_data_says_what_is_missing(tmp_path: Path) -> None:
    example = next(path for path in EXAMPLES if path.name == "lenet_mnist.py")
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        env={**os.environ, "LAYERSCOPE_SHARED": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"no \S*mnist-train-images\S*: .*LAYERSCOPE_SHARED\n", done.stderr)
