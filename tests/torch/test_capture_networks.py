"""Networks with their trained parameters, compared with hooks set by hand and with numpy."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from tests._shared import shared

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from layerscope import Activations, label_agreement, pool  # noqa: E402
from layerscope.torch import capture  # noqa: E402
from tests.torch import _networks  # noqa: E402


def by_hand(model, names, x):
    """Copies of the outputs, taken by plain hooks in one pass over everything."""
    taken = {}
    modules = dict(model.named_modules())
    handles = []
    for name in names:

        def take(module, args, output, name=name):  # returns None: what it returned would be used
            taken[name] = output.clone()

        handles.append(modules[name].register_forward_hook(take))
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return {name: tensor.numpy() for name, tensor in taken.items()}


def test_mnist_mlp_against_numpy():
    with gzip.open(shared("images", "mnist-t10k-images-idx3-ubyte.gz")) as file:
        images = np.frombuffer(file.read(16 + 300 * 784)[16:], np.uint8).reshape(300, 1, 28, 28)
    with gzip.open(shared("images", "mnist-t10k-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(8 + 300)[8:], np.uint8).astype(np.int64)
    x = images.astype(np.float32) / 255
    model = _networks.mnist_mlp()
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(labels))
    stack = capture(model, DataLoader(data, batch_size=64, shuffle=True))
    assert stack.layers == tuple(str(place) for place in range(12))
    order = list(stack.sample_ids)
    assert sorted(order) == list(range(300))
    assert stack.labels == tuple(labels[order].tolist())
    h = x.reshape(300, -1)[order].astype(np.float64)
    weights = _networks.parameters("mnist_mlp_6x100.npz")
    for place in range(1, 12, 2):
        h = h @ weights[f"{place}.weight"].numpy().T + weights[f"{place}.bias"].numpy()
        np.testing.assert_allclose(stack[str(place)], h, rtol=1e-4, atol=1e-4)
        h = np.maximum(h, 0)
    found = stack["11"].argmax(1)
    assert (found == stack.labels).mean() > 0.9
    assert label_agreement(stack["11"], stack.labels).value > 0.85


def test_resnet_by_blocks_and_by_leaves():
    with np.load(shared("images", "cifar10_subset_200.npz")) as file:
        images, labels = file["images"][:60], file["labels"][:60]
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (pixels - mean[:, None, None]) / sd[:, None, None]
    model = _networks.resnet20()
    expected = by_hand(model, [f"layer{s}.{i}" for s in (1, 2, 3) for i in range(3)], x)
    blocks = capture(model, x.split(25), layers=["layer?.*"], layout="NCHW", pool="mean")
    assert blocks.layers == tuple(expected)
    for name, maps in expected.items():
        rows = pool(maps, layout="NCHW", how="mean")
        np.testing.assert_allclose(blocks[name], rows, rtol=1e-3, atol=1e-5)
    logits = capture(model, [x], layers=["linear"])["linear"]
    assert (logits.argmax(1) == labels).mean() > 0.8
    leaves = capture(model, [x], layout="NCHW", pool="max")
    convs = [name for name in leaves if "conv" in name]
    assert len(convs) == 19
    assert leaves.layers[:3] == ("conv1", "bn1", "relu")
    assert [name for name in leaves if name.startswith("layer2.0.relu")] == [
        "layer2.0.relu",
        "layer2.0.relu#2",
    ]
    taken = by_hand(model, ["layer1.0.bn1", "layer3.2.bn2"], x)
    for name, maps in taken.items():  # in-place ReLU, and the sum with the shortcut, come after
        np.testing.assert_allclose(leaves[name], maps.max((2, 3)), rtol=1e-3, atol=1e-5)
    assert (leaves["bn1"] != leaves["relu"]).any()


def test_residual_stream_of_the_small_gpt():
    symbols = torch.cartesian_prod(*[torch.arange(3)] * 6)[::9]
    model = _networks.nano_gpt()
    names = [f"transformer.h.{layer}" for layer in range(3)]
    expected = by_hand(model, names, symbols)
    batches = [{"tokens": part, "labels": part.sum(1)} for part in symbols.split(20)]
    last = capture(model, batches, layers=["transformer.h.*"], layout="NTC", pool="last")
    assert last.layers == tuple(names)
    assert last.labels == tuple(symbols.sum(1).tolist())
    mean = capture(model, batches, layers=["transformer.h.*"], layout="NTC", pool="mean")
    flat = capture(model, batches, layers=["transformer.h.*"], layout="NTC", pool="flatten")
    for name, stream in expected.items():
        np.testing.assert_allclose(last[name], stream[:, -1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(mean[name], stream.mean(1), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(flat[name], stream.reshape(81, -1), rtol=1e-4, atol=1e-5)
    logits = capture(model, batches, layers={"output": lambda out: out[:, -1]})["output"]
    assert (logits.argmax(1) == symbols.min(1).values.numpy()).all()  # sorted: the least is first


def test_a_scikit_learn_network_through_plain_arrays():
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 30)
    x = rng.normal(size=(90, 5)) + 6 * np.eye(5)[labels]
    model = MLPClassifier((8, 6), solver="lbfgs", max_iter=1000, random_state=0).fit(x, labels)
    layers, h = {}, x
    for place, (weight, offset) in enumerate(
        zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True), start=1
    ):
        h = np.maximum(h @ weight + offset, 0)
        layers[f"hidden{place}"] = h
    stack = Activations(layers, labels=labels)
    logits = h @ model.coefs_[-1] + model.intercepts_[-1]
    np.testing.assert_array_equal(logits.argmax(1), model.predict(x))
    assert label_agreement(stack["hidden2"], stack.labels).value > 0.8
