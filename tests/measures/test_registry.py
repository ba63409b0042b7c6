"""The facts about each measure hold: whatever an entry names is there."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import layerscope
from layerscope.measures._registry import MEASURES

ROOT = Path(__file__).resolve().parents[2]


def test_there_are_measures():
    assert {"label_agreement", "modularity", "intrinsic_dimension"} <= set(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
def test_every_part_of_a_measure_is_there(name):
    facts = MEASURES[name]
    assert facts.name == name
    rust = () if facts.rust is facts.rust_twin is None else (facts.rust, facts.rust_twin)
    for path in (facts.module, *rust, facts.twin, facts.docs):
        assert (ROOT / path).is_file(), path
    function = getattr(layerscope, facts.function.removeprefix("layerscope."))
    parameters = inspect.signature(function).parameters
    # Some take labels without needing them.
    assert "labels" in parameters or not facts.needs_labels
    assert ("random_state" in parameters) == facts.is_random
    assert function.__name__ in layerscope.__all__
