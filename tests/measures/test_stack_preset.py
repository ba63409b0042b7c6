"""The settings of Hryniowski and Wong 2020 by name: in the functions, `analyze` and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from layerscope import analyze, modularity, neighbors, nntp, nnts
from layerscope.errors import InvalidInputError
from tests.report._stacks import run

RNG = np.random.default_rng(0)
MAPS = {"a": RNG.normal(size=(40, 4, 3, 2)), "b": RNG.normal(size=(40, 5, 6))}
ROWS = {name: layer.reshape(40, -1) for name, layer in MAPS.items()}


def test_maps_and_tokens_are_flattened() -> None:
    found = nnts(MAPS, preset="nnts2020")
    assert found.ks == tuple(range(1, 16))
    assert (found.by_k == nnts(ROWS).by_k).all()
    assert found.settings["preset"] == "nnts2020"
    runs = nntp(MAPS, preset="nnts2020")
    assert (runs.counts == nntp(ROWS).counts).all()
    assert runs.settings["gap"] == 0
    assert runs.settings["n_neighbors"] == 15


def test_a_parameter_beside_the_preset_departs_from_it() -> None:
    found = nnts(ROWS, preset="nnts2020", n_neighbors=(3,), metric="cosine")
    assert (found.matrix == nnts(ROWS, n_neighbors=(3,), metric="cosine").matrix).all()
    three = {**ROWS, "c": ROWS["a"]}
    runs = nntp(three, preset="nnts2020", gap=1, n_neighbors=4)
    assert (runs.counts == nntp(three, gap=1, n_neighbors=4).counts).all()
    assert runs.gap == 1


def test_ready_neighbours_have_to_be_those_of_the_preset() -> None:
    deep = {name: neighbors(layer, n_neighbors=20) for name, layer in ROWS.items()}
    assert (nnts(deep, preset="nnts2020").matrix == nnts(ROWS).matrix).all()
    cosine = {name: neighbors(layer, metric="cosine") for name, layer in ROWS.items()}
    for call in (nnts, nntp, analyze):
        with pytest.raises(InvalidInputError, match="metric"):
            call(cosine, preset="nnts2020")


@pytest.mark.parametrize(
    "call",
    [
        lambda: nnts(ROWS, preset="eccv2022"),
        lambda: nntp(ROWS, preset="selfsim2025"),
        lambda: modularity(ROWS["a"], [0, 1] * 20, preset="nnts2020"),
    ],
)
def test_a_preset_of_another_measure_is_refused(call) -> None:
    with pytest.raises(InvalidInputError, match="preset"):
        call()


def test_without_the_preset_maps_are_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"layer 'a'.*two axes"):
        nnts(MAPS)


def test_analyze_takes_it() -> None:
    report = analyze(ROWS, preset="nnts2020", measures=["nnts", "nntp"])
    assert (report.results["nnts"].matrix == nnts(ROWS).matrix).all()
    assert report.settings["preset"] == "nnts2020"


def test_the_command_takes_it_and_flattens_maps(tmp_path: Path) -> None:
    for name, layer in MAPS.items():
        if layer.ndim == 4:
            for copy in "xy":
                np.save(tmp_path / f"{name}{copy}.npy", layer)
    done = run(
        "analyze", "ax.npy", "ay.npy", "--layout", "NCHW", "--preset", "nnts2020",
        "--measures", "nnts", "--json", "-", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["settings"]["preset"] == "nnts2020"
    assert said["settings"]["pool"] == "flatten"
