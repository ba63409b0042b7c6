"""The settings of Ding et al. 2025 by name: in the function, `analyze` and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from layerscope import analyze, modularity, neighbors, self_similarity
from layerscope.errors import InvalidInputError
from tests.report._stacks import run

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(20, 9, 3, 4))
TOKENS = RNG.normal(size=(20, 5, 9))


def test_maps_are_averaged_over_height_and_width() -> None:
    found = self_similarity(MAPS, preset="selfsim2025", n_null=3)
    expected = self_similarity(MAPS.mean((2, 3)), n_null=3)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    assert found.null_mean == pytest.approx(expected.null_mean, rel=1e-12)
    assert found.n_units == 9
    assert len(found.theta) == 256
    assert found.settings["preset"] == "selfsim2025"
    assert found.settings["form"] == "paper"


def test_sequences_are_averaged_over_tokens() -> None:
    found = self_similarity(TOKENS, preset="selfsim2025", n_null=0)
    assert found.value == pytest.approx(self_similarity(TOKENS.mean(1), n_null=0).value, rel=1e-12)


def test_without_the_preset_maps_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two axes"):
        self_similarity(MAPS)


def test_a_parameter_beside_the_preset_departs_from_it() -> None:
    X = RNG.normal(size=(20, 9))
    found = self_similarity(X, preset="selfsim2025", form="correlation", scale="rms", n_null=0)
    expected = self_similarity(X, form="correlation", scale="rms", n_null=0)
    assert found.value == expected.value
    assert found.settings["form"] == "correlation"


@pytest.mark.parametrize(
    "call",
    [
        lambda X: self_similarity(X, preset="eccv2022"),
        lambda X: modularity(X, [0, 1] * 10, preset="selfsim2025"),
    ],
)
def test_a_preset_of_another_measure_is_refused(call) -> None:
    with pytest.raises(InvalidInputError, match="preset"):
        call(RNG.normal(size=(20, 9)))


def test_analyze_takes_the_preset_and_keeps_its_other_settings() -> None:
    stack = {"a": RNG.normal(size=(30, 8))}
    labels = [0, 1, 2] * 10
    found = analyze(stack, labels=labels, preset="selfsim2025")
    usual = analyze(stack, labels=labels)
    assert found.settings["preset"] == "selfsim2025"
    assert found.settings["n_neighbors"] == 15
    assert found.table["self_similarity"] == usual.table["self_similarity"]
    assert found.table["modularity"] == usual.table["modularity"]
    assert found.results["self_similarity"].settings["preset"] == "selfsim2025"
    assert found.results["modularity"].settings["preset"] is None


def test_analyze_takes_neighbours_beside_the_preset() -> None:
    table = neighbors(RNG.normal(size=(30, 8)), n_neighbors=5)
    found = analyze({"a": table}, preset="selfsim2025", measures="intrinsic_dimension")
    assert found.settings["n_neighbors"] == 5


def test_the_command_averages_maps_under_the_preset(tmp_path: Path) -> None:
    np.save(tmp_path / "conv.npy", MAPS)
    options = ("--layout", "NCHW", "--preset", "selfsim2025", "--measures", "self_similarity")
    done = run("analyze", "conv.npy", *options, "--k", "5", "--json", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = self_similarity(MAPS.mean((2, 3)))
    assert found["table"]["self_similarity"][0] == pytest.approx(expected.value, rel=1e-12)
    assert found["settings"]["pool"] == "mean"
