"""Follow neighbourhoods through LeNet-5 on MNIST: the setting of Hryniowski & Wong 2020.

Twelve atomic operations of five conventional layers are captured in the order in which they run,
their NNTS and NNTP measured, and the findings of arXiv 2012.03793 looked for, each with a 95 %
interval::

    python examples/lenet_mnist.py                           # 2,000 images: under a minute
    python examples/lenet_mnist.py --full                    # all 60,000: minutes, 8 GB of memory
    python examples/lenet_mnist.py --full --samples 10000    # a sixth of them: a minute or two

The twelve are convolution, ReLU and pooling twice, multiplication by a matrix and ReLU twice, the
last matrix, and the softmax. Adding an offset and flattening move no neighbour, so they are no
operations of their own. Pooling takes the maximum. The neighbourhood sizes are 15 and 100, the
size of a class and twice that: 200 and 400 by default, 6,000 and 12,000 with ``--full``, and 1,000
beside them. All sizes come from one pass over the layers.

MNIST is read from ``../shared/data`` beside the checkout, or from the folder that LAYERSCOPE_SHARED
names. Training and analysis use the training images. Needs torch.

Intervals are bootstraps over samples: a resample gives every sample a weight, and a pair of samples
the product of the weights of its two. The neighbours themselves are not searched again, so the
intervals say nothing of other networks, or of other images as neighbours.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import os
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn

import layerscope as ls
from layerscope.torch import capture

#: Conventional layers and the operations in each.
LAYERS = {
    "conv1": ("conv1", "relu1", "pool1"),
    "conv2": ("conv2", "relu2", "pool2"),
    "fc1": ("fc1", "relu3"),
    "fc2": ("fc2", "relu4"),
    "fc3": ("fc3", "softmax"),
}
OPERATIONS = [operation for operations in LAYERS.values() for operation in operations]
OWNER = np.array([layer for layer, operations in LAYERS.items() for _ in operations])
NEAR_OUTPUT = ("fc2", "fc3")
N_DRAWS = 1000


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """Return the 60,000 training images in [0, 1] and their labels."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LAYERSCOPE_SHARED", beside)) / "images"
    arrays = []
    for name, header in (("images-idx3", 16), ("labels-idx1", 8)):
        path = folder / f"mnist-train-{name}-ubyte.gz"
        if not path.is_file():
            sys.exit(
                f"no {path}: put MNIST there, or name its folder's parent in LAYERSCOPE_SHARED"
            )
        with gzip.open(path) as file:
            arrays.append(np.frombuffer(file.read()[header:], np.uint8))
    return arrays[0].reshape(-1, 1, 28, 28).astype(np.float32) / 255, arrays[1].astype(np.int64)


def lenet() -> nn.Sequential:
    """Return LeNet-5 for images of 28 × 28 (the padding makes its 32 × 32 of them)."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(6, 16, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(400, 120),
            relu3=nn.ReLU(),
            fc2=nn.Linear(120, 84),
            relu4=nn.ReLU(),
            fc3=nn.Linear(84, 10),
            softmax=nn.Softmax(dim=1),
        )
    )


def train(images: np.ndarray, labels: np.ndarray, n_epochs: int, seed: int) -> nn.Sequential:
    """Return a trained network; the same seed gives the same one."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    net, x, y = lenet(), torch.from_numpy(images), torch.from_numpy(labels)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(128):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net[:-1](x[rows]), y[rows]).backward()
            optimiser.step()
    return net


class Bootstrap:
    """The same resamples for every number, so that differences are paired."""

    def __init__(self, n_samples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        share = np.full(n_samples, 1 / n_samples)
        self.weights = rng.multinomial(n_samples, share, size=N_DRAWS).astype(np.float32)

    def of_mean(self, values: np.ndarray) -> tuple[float, float, float]:
        """Return the mean of one value per sample, and the ends of its 95 % interval."""
        low, high = np.percentile(self.weights @ values / len(values), (2.5, 97.5))
        return float(values.mean()), float(low), float(high)

    def of_share(
        self, i: np.ndarray, j: np.ndarray, part: np.ndarray, whole: np.ndarray
    ) -> tuple[float, float, float]:
        """Return Σ part / Σ whole over pairs (i, j) of samples, and the ends of its interval."""
        drawn = []
        for weights in self.weights[:200]:
            pairs = weights[i] * weights[j]
            drawn.append(pairs @ part / (pairs @ whole))
        low, high = np.percentile(drawn, (2.5, 97.5))
        return float(part.sum() / whole.sum()), float(low), float(high)


def tell(what: str, interval: tuple[float, float, float]) -> bool:
    """Print a difference with its interval; return whether the interval lies above zero."""
    value, low, high = interval
    print(f"      {what:<52} {value:+.3f} [{low:+.3f}, {high:+.3f}]")
    return low > 0


def conclude(letter: str, finding: str, holds: bool, where: str = "") -> None:
    """Print whether a finding appears."""
    print(f"  ({letter}) {finding}: {'appears' if holds else 'does NOT appear'}{where}\n")


def blocks(values: np.ndarray, bootstrap: Bootstrap) -> None:
    """Look for blocks by conventional layer, and for each layer's operations being alike."""
    first, second = np.triu_indices(len(OPERATIONS), 1)
    pairs = values[first, second]
    same, adjacent = OWNER[first] == OWNER[second], second == first + 1

    def difference(inside: np.ndarray, outside: np.ndarray) -> tuple[float, float, float]:
        return bootstrap.of_mean(pairs[inside].mean(0) - pairs[outside].mean(0))

    found = [
        tell("within layers − between layers", difference(same, ~same)),
        tell(
            "the same, one operation to the next only",
            difference(same & adjacent, ~same & adjacent),
        ),
    ]
    conclude("a", "blocks by conventional layer", all(found))

    alike = {}
    for layer in LAYERS:
        touches = (OWNER[first] == layer) | (OWNER[second] == layer)
        inside, outside = touches & same, touches & ~same
        what = f"{layer}: {pairs[inside].mean():.2f} within − {pairs[outside].mean():.2f} to others"
        alike[layer] = tell(what, difference(inside, outside))
    lacking = [layer for layer, holds in alike.items() if not holds]
    where = f", not in {', '.join(lacking)}" if 0 < len(lacking) < len(alike) else ""
    conclude("b", "operations of a layer more alike than to others", not lacking, where)


def growth(values: dict[int, np.ndarray], class_size: int, bootstrap: Bootstrap) -> None:
    """Look for NNTS that grows with k up to the class size and then falls near the output."""
    first, second = np.triu_indices(len(OPERATIONS), 1)
    late = np.isin(OWNER[first], NEAR_OUTPUT) & np.isin(OWNER[second], NEAR_OUTPUT)
    regions = {"all pairs": np.ones_like(late), "pairs near the output": late}
    curves = {
        name: {k: each[first[chosen], second[chosen]].mean(0) for k, each in values.items()}
        for name, chosen in regions.items()
    }
    grows, falls = [], []
    ks = list(values)
    for name, curve in curves.items():
        for k, larger in itertools.pairwise(ks):
            change = bootstrap.of_mean(curve[larger] - curve[k])
            positive = tell(f"{name}, k = {k} to {larger}", change)
            if larger <= class_size:
                grows.append(positive)
            elif name != "all pairs":
                falls.append(change[2] < 0)
    conclude("c", f"NNTS grows with k up to the class size ({class_size})", all(grows))
    conclude("c", "and falls beyond it near the output", all(falls))


def runs(mask: np.ndarray, length: int) -> np.ndarray:
    """Return, for every mask of operations, its number of runs of a length."""
    inner = mask & ~(mask << 1)  # where a run begins
    for step in range(1, length):
        inner &= mask >> step
    return np.bitwise_count(inner & ~(mask >> length)).astype(np.float32)


def transients(tables: dict[str, ls.Neighbors], bootstrap: Bootstrap) -> None:
    """Look for many neighbour pairs that one operation makes and the next one undoes."""
    result = ls.nntp(tables)
    present = []
    for table in tables.values():
        n, k = table.indices.shape
        i, j = np.repeat(np.arange(n), k), table.indices.ravel().astype(np.int64)
        present.append(np.unique(np.minimum(i, j) * n + np.maximum(i, j)))
    pairs, places = np.unique(np.concatenate(present), return_inverse=True)
    bits = np.repeat(1 << np.arange(len(present)), [len(keys) for keys in present])
    mask = np.bincount(places, weights=bits).astype(np.int64)  # bit v: a pair in operation v
    by_length = [runs(mask, length) for length in range(1, len(present) + 1)]
    assert [int(each.sum()) for each in by_length] == result.lifetimes[1:].tolist()

    i, j, total = pairs // n, pairs % n, np.sum(by_length, axis=0)
    share, low, high = bootstrap.of_share(i, j, by_length[0], total)
    print(f"      runs that last one operation only: {share:.3f} [{low:.3f}, {high:.3f}] of all")
    rival = int(result.lifetimes[2:].argmax()) + 2
    more = bootstrap.of_share(i, j, by_length[0] - by_length[rival - 1], total)
    most = tell(f"one operation − {rival} operations, the next most common", more)
    shown = zip(OPERATIONS, result.transient_share, strict=True)
    print("      of each operation's pairs: " + ", ".join(f"{o} {s:.2f}" for o, s in shown))
    print(f"      pairs from the first operation to the last: {len(result.end_to_end)}")
    conclude("d", "many transient pairs, more than of any other lifetime", most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all 60,000 images, five epochs")
    parser.add_argument("--samples", type=int, help="images to analyse, as many of each class")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    n_samples = options.samples or (60_000 if options.full else 2000)
    if not 200 <= n_samples <= 60_000:
        parser.error(f"--samples must be from 200 to 60000; got {n_samples}")
    class_size = n_samples // 10
    ks = {15, 100, class_size, 2 * class_size} | ({1000} if options.full else set())
    ks = tuple(sorted(k for k in ks if k < n_samples))

    images, labels = mnist()
    print("training LeNet-5 ...", flush=True)
    if not options.full and n_samples <= 10_000:
        images, labels = images[:30_000], labels[:30_000]
    net = train(images, labels, 5 if options.full else 1, options.seed)
    if n_samples == len(labels):
        rows = np.arange(n_samples)  # 5,421 to 6,742 of a class
    else:
        chosen = [np.flatnonzero(labels == digit)[:class_size] for digit in range(10)]
        rows = np.sort(np.concatenate(chosen))
    batches = [
        (torch.from_numpy(images[part]), labels[part])
        for part in np.array_split(rows, n_samples // 100)
    ]
    stack = capture(net, batches, layers=OPERATIONS, layout="NCHW", pool="flatten")
    accuracy = np.mean(stack["softmax"].argmax(1) == stack.labels)
    print(
        f"LeNet-5, {stack.n_samples} MNIST training images, accuracy {accuracy:.3f}, seed "
        f"{options.seed}, k = {', '.join(map(str, ks))}\n"
    )

    bootstrap = Bootstrap(stack.n_samples, options.seed)
    told = options.full or None  # progress
    found = ls.nnts(stack, n_neighbors=ks, n_bootstrap=0, per_sample=True, progress=told)
    values = dict(zip(found.ks, found.per_sample_by_k, strict=True))
    for k in (15, 100):
        print(f"NNTS at k = {k}")
        print(" " * 9 + "".join(f"{name:>8}" for name in OPERATIONS))
        for name, row in zip(OPERATIONS, values[k].mean(2), strict=True):
            print(f"{name:>8} " + "".join(f"{value:8.2f}" for value in row))
        blocks(values[k], bootstrap)
    print("NNTS over k; chance " + ", ".join(f"{c:.3f}" for c in found.chance_by_k))
    growth(values, class_size, bootstrap)
    print("NNTP at k = 15")
    transients({name: ls.neighbors(X, n_neighbors=15) for name, X in stack.items()}, bootstrap)


if __name__ == "__main__":
    main()
