"""The shipped activations: whole, small, and showing what they are shipped to show."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import layerscope
from layerscope import Activations
from layerscope.demo_data import load_demo

LAYERS = ("input", "conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "logits")


@pytest.fixture(scope="module")
def run() -> dict[int, Activations]:
    return load_demo()


def test_every_checkpoint_has_the_same_layers_samples_and_labels(
    run: dict[int, Activations],
) -> None:
    assert tuple(run) == (0, 50, 150, 400, 1200)
    for stack in run.values():
        assert stack.layers == LAYERS
        assert stack.warnings == ()
        assert stack.n_samples == 500
        assert stack.labels == run[0].labels
        assert stack.sample_ids == run[0].sample_ids
        assert all(layer.dtype == np.float16 for layer in stack.values())
        assert all(np.isfinite(layer).all() for layer in stack.values())
        assert np.array_equal(stack["input"], run[0]["input"])
        assert [layer.shape[1] for layer in stack.values()] == [64, 128, 128, 128, 64, 32, 32, 10]


def test_labels_are_the_digits_of_the_named_rows(run: dict[int, Activations]) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    _, digits = datasets.load_digits(return_X_y=True)
    assert digits[list(run[0].sample_ids)].tolist() == list(run[0].labels)
    assert min(Counter(run[0].labels).values()) >= 30


def test_the_files_take_at_most_three_megabytes() -> None:
    files = Path(layerscope.__file__).parent.glob("demo_data/*.safetensors")
    assert 0 < sum(path.stat().st_size for path in files) <= 3_000_000


def test_modularity_falls_with_depth_before_training_and_rises_after(
    run: dict[int, Activations],
) -> None:
    curves = {
        step: [
            layerscope.modularity(X, stack.labels, n_permutations=0).value for X in stack.values()
        ]
        for step, stack in run.items()
    }
    before, after = np.array(curves[0]), np.array(curves[1200])
    assert np.all(np.diff(before) < 0)
    assert after[-1] - after[0] > 0.1
    assert np.all(np.diff(after[: LAYERS.index("fc2") + 1]) > 0)
    outputs = [curve[-1] for curve in curves.values()]
    assert outputs == sorted(outputs)  # each checkpoint lies between its neighbours


def test_accuracy_rises_from_chance_to_nine_in_ten(run: dict[int, Activations]) -> None:
    accuracy = [
        np.mean(stack["logits"].argmax(axis=1) == np.array(stack.labels)) for stack in run.values()
    ]
    assert accuracy == sorted(accuracy)
    assert accuracy[0] < 0.15
    assert 0.85 <= accuracy[-1] <= 0.93
