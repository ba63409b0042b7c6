"""A real network, end to end: an MLP on MNIST, from its weights to the report."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from layerscope import Activations, analyze, load
from tests._shared import shared
from tests.report._stacks import run

N = 1000


def _read(path: Path) -> npt.NDArray[np.uint8]:
    data = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


@pytest.fixture(scope="module")
def network() -> Activations:
    """The input and the six layers of a ReLU network of width 100 on 1,000 test images."""
    images = _read(shared("images", "mnist-t10k-images-idx3-ubyte.gz"))[:N]
    labels = _read(shared("images", "mnist-t10k-labels-idx1-ubyte.gz"))[:N]
    weights = np.load(shared("weights", "mnist_mlp_6x100.npz"))
    numbers = sorted(int(key.split(".")[0]) for key in weights.files if key.endswith(".weight"))
    values = (images.reshape(N, -1) / 255).astype(np.float32)
    layers = {"input": values}
    for place, number in enumerate(numbers):
        values = values @ weights[f"{number}.weight"].T + weights[f"{number}.bias"]
        if place < len(numbers) - 1:
            values = np.maximum(values, 0)
        layers[f"fc{place + 1}"] = values
    right = int((values.argmax(axis=1) == labels).sum())
    assert right == 960, "not the network that its checkpoint records"
    return Activations(layers, labels=labels)


def test_modularity_rises_towards_the_output(network: Activations) -> None:
    report = analyze(network)
    modularity = report.table["modularity"]
    assert report.layers == ("input", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6")
    assert modularity[-1] > modularity[0] + 0.1
    assert modularity[-1] > 0.75  # published values of trained final layers are .79 to .84
    assert max(report.table["ratio"]) <= 1
    assert min(report.table["z"]) > 50
    assert report.results["modularity"].difference("input", "fc6").low > 0
    assert any(text.startswith("Modularity rises with depth") for text in report.advice)
    dimension = dict(zip(report.layers, report.table["intrinsic_dimension"], strict=True))
    assert dimension["fc6"] < dimension["input"]


def test_the_command_gives_the_same_numbers(network: Activations, tmp_path: Path) -> None:
    network.save(tmp_path / "mlp.safetensors")
    done = run("analyze", "mlp.safetensors", "--json", "-", "-o", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)["table"]
    expected = json.loads(json.dumps(analyze(load(tmp_path / "mlp.safetensors")).table.to_dict()))
    assert table == expected
    page = (tmp_path / "page.html").read_bytes()
    assert 10_000 < len(page) < 1_000_000


def test_the_papers_preset_gives_the_same_picture(network: Activations) -> None:
    curve = analyze(network, preset="eccv2022", n_permutations=0).results["modularity"]
    assert curve.subsample_mean[-1] > curve.subsample_mean[0] + 0.1
    assert (curve.subsample_sd > 0).all()
    assert curve.subsample_mean[-1] > 0.75
