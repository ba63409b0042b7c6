"""The registry of measures: each has its six places, and its facts are true."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError
from layerscope.measures._registry import MEASURES, Facts
from tests.architecture._tree import PACKAGE, ROOT, code_of, with_suffix

PLACES = ("module", "rust", "rust_twin", "twin", "docs", "bench")
each = pytest.mark.parametrize("facts", MEASURES.values(), ids=lambda facts: facts.name)


def function(facts: Facts) -> Any:
    package, _, word = facts.function.rpartition(".")
    assert package == "layerscope"
    return getattr(ls, word)


def test_there_are_measures() -> None:
    assert len(MEASURES) >= 3
    assert all(name == facts.name for name, facts in MEASURES.items())


def test_every_file_of_a_measure_is_registered() -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in with_suffix(".py", PACKAGE / "measures")
        if not path.stem.startswith("_")
    }
    assert files == {facts.module for facts in MEASURES.values()}


@each
def test_no_place_was_forgotten(facts: Facts) -> None:
    places = {place: getattr(facts, place) for place in PLACES}
    if facts.rust is None:  # dense products are numpy's; then there is no Rust twin either
        assert places.pop("rust") is places.pop("rust_twin") is None
        assert "_core" not in code(facts.module)
    forgotten = [f"{p}: {path}" for p, path in places.items() if not _exists(path)]
    assert not forgotten, f"{facts.name} lacks {'; '.join(forgotten)}"


def code(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _exists(path: str) -> bool:
    return (ROOT / path).is_file()


@each
def test_the_places_speak_of_the_measure(facts: Facts) -> None:
    word = facts.function.rpartition(".")[2]
    for place in ("docs", "bench", "module"):
        text = (ROOT / getattr(facts, place)).read_text(encoding="utf-8")
        assert word in text, f"{getattr(facts, place)} never says {word}"


@each
def test_both_twins_are_used_by_a_test(facts: Facts) -> None:
    """A twin that nothing is compared with proves nothing."""
    if facts.rust_twin is not None:
        rust = (ROOT / facts.rust_twin).stem
        sources = with_suffix(".rs", ROOT / "rust" / "measures")
        assert any(f"layerscope_testkit::{rust}" in code_of(path) for path in sources)
    python = (ROOT / facts.twin).stem
    tests = with_suffix(".py", ROOT / "tests")
    named = (f"_reference.{python}", f"_reference import {python}")
    assert any(n in path.read_text(encoding="utf-8") for path in tests for n in named)


@each
def test_the_facts_are_those_of_the_signature(facts: Facts) -> None:
    parameters = inspect.signature(function(facts)).parameters
    # What can do without labels, though it takes them, is called without them below.
    assert "labels" in parameters or not facts.needs_labels
    assert facts.is_random == ("random_state" in parameters)
    assert "n_jobs" in parameters


@each
def test_the_smallest_number_of_rows_is_the_smallest(facts: Facts) -> None:
    def call(rows: int) -> None:
        if next(iter(inspect.signature(function(facts)).parameters)).startswith("graph"):
            path = [(row, row + 1) for row in range(rows - 1)]
            size = [1] if "size" in inspect.signature(function(facts)).parameters else []
            function(facts)(ls.Graph.from_edges(path, n_nodes=rows), *size)
            return
        if "distances" in inspect.signature(function(facts)).parameters:
            function(facts)(np.zeros((rows, rows)))
            return
        X = np.random.default_rng(0).normal(size=(rows, 3))
        data = {"a": X} if "stack" in inspect.signature(function(facts)).parameters else X
        parameters = inspect.signature(function(facts)).parameters
        labels = [[i % 2 for i in range(rows)]] if facts.needs_labels else []
        second = [X[:, ::-1]] if "Y" in parameters else []
        how = {"n_neighbors": 1} if "n_neighbors" in parameters else {}
        function(facts)(data, *second, *labels, **how)

    call(facts.minimum_rows)
    with pytest.raises(InvalidInputError):
        call(facts.minimum_rows - 1)


@each
def test_papers_can_be_cited(facts: Facts) -> None:
    known = (PACKAGE / "cite.py").read_text(encoding="utf-8")
    for paper in facts.papers:
        assert f"{{{paper}," in known or f'"{paper}"' in known, paper


@each
def test_docstrings_have_what_a_reader_needs(facts: Facts) -> None:
    text = inspect.getdoc(function(facts))
    assert text
    for heading in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{heading}\n---" in text, f"{facts.name} has no {heading}"
