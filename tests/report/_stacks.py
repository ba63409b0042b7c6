"""Small stacks whose classes separate as much as they are told to, and files of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_CLASSES = 3


def labels_of(n_samples: int = 90) -> npt.NDArray[np.int64]:
    return np.arange(n_samples) % N_CLASSES


def stack_of(
    pulls: Mapping[str, float], n_samples: int = 90, n_features: int = 6, seed: int = 0
) -> dict[str, npt.NDArray[np.float32]]:
    """Return noise in which the classes are pulled apart by so many standard deviations."""
    rng = np.random.default_rng(seed)
    corners = np.eye(n_features)[labels_of(n_samples)]
    noise = rng.normal(size=(n_samples, n_features))
    return {
        name: (noise + 0.3 * rng.normal(size=noise.shape) + pull * corners).astype(np.float32)
        for name, pull in pulls.items()
    }


RISING = {"conv1": 0.0, "conv2": 1.5, "conv10": 4.0}


def save_folder(folder: Path, stack: Mapping[str, npt.NDArray[np.float32]]) -> Path:
    folder.mkdir()
    for name, values in stack.items():
        np.save(folder / f"{name}.npy", values)
    return folder


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "layerscope", *map(str, arguments)]


def run(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def files_in(folder: Path, besides: Sequence[str] = ()) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in besides)
