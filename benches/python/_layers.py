"""Layers of real networks: the stages of ResNet-20 and -56 on their CIFAR-10 images.

Made once by an interpreter that has torch (``--torch``, ``LAYERSCOPE_TORCH``, or this one) and kept
in the folder for temporary files. The weights and images are those beside the project
(``../shared/data`` as seen from the root of the checkout, or ``LAYERSCOPE_SHARED``); without them,
or without torch, the cases of real layers are left out, and the bench says so.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from _beside import torch_interpreter

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
CACHE = Path(tempfile.gettempdir()) / "layerscope-bench-layers"
NETWORKS = ("resnet20", "resnet56")
STAGES = ("layer1", "layer2", "layer3")

# Runs over there: weights, images, number of images, where to write.
SCRIPT = """
import sys
import numpy as np
import torch
from torch.nn import functional as F

weights, images, n, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
p = {key: torch.from_numpy(value) for key, value in np.load(weights).items()}
x = torch.from_numpy(np.load(images)["images"][:n]).permute(0, 3, 1, 2).float() / 255
x = (x - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
    [0.229, 0.224, 0.225]
)[:, None, None]


def normed(y, name):
    keys = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(y, *(p[f"{name}.{key}"] for key in keys))


def block(x, name):
    w = p[f"{name}.conv1.weight"]
    stride = 1 if w.shape[0] == w.shape[1] else 2
    y = F.relu(normed(F.conv2d(x, w, stride=stride, padding=1), f"{name}.bn1"))
    y = normed(F.conv2d(y, p[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
    if stride == 2:
        quarter = y.shape[1] // 4
        x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter))
    return F.relu(x + y)


found = {}
with torch.no_grad():
    for part in x.split(250):
        y = F.relu(normed(F.conv2d(part, p["conv1.weight"], padding=1), "bn1"))
        for stage in ("layer1", "layer2", "layer3"):
            number = 0
            while f"{stage}.{number}.conv1.weight" in p:
                y = block(y, f"{stage}.{number}")
                number += 1
            found.setdefault(f"{stage}-pooled", []).append(y.mean((2, 3)).numpy())
            found.setdefault(f"{stage}-flat", []).append(y.flatten(1).numpy())
for name, parts in found.items():
    np.save(f"{folder}/{name}.npy", np.concatenate(parts))
"""


def why_not() -> str | None:
    """Say what is missing for real layers, if anything is."""
    if torch_interpreter() is None:
        return "no torch: name an interpreter with --torch"
    if not all(_weights(network).exists() for network in NETWORKS) or _images() is None:
        return "no weights or images beside the project: name their folder in LAYERSCOPE_SHARED"
    return None


def layer(network: str, name: str, n: int) -> np.ndarray:
    """Return the activations of ``name``, such as "layer3-pooled", of the first n images."""
    folder = CACHE / f"{network}-{n}"
    if not (folder / f"{name}.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            given = [str(_weights(network)), str(_images()), str(n), fresh]
            subprocess.run([str(torch_interpreter()), "-c", SCRIPT, *given], check=True)
            for path in Path(fresh).iterdir():
                path.replace(folder / path.name)
    return np.load(folder / f"{name}.npy")


def n_images() -> int:
    """Return how many images there are."""
    images = _images()
    if images is None:
        return 0
    with np.load(images) as file:
        return len(file["labels"])


def _root() -> Path:
    return Path(os.environ.get("LAYERSCOPE_SHARED", BESIDE))


def _weights(network: str) -> Path:
    return _root() / "weights" / f"cifar10_{network}.npz"


def _images() -> Path | None:
    names = ("cifar10_test_9859.npz", "cifar10_subset_200.npz")
    paths = [_root() / "images" / name for name in names]
    return next((path for path in paths if path.exists()), None)
