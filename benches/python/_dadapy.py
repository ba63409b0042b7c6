"""dadapy beside us, in an interpreter of its own: it needs a numpy older than ours.

``LAYERSCOPE_DADAPY`` or ``--dadapy`` names that interpreter; without either dadapy is left out::

    uv venv .venv-dadapy && uv pip install --python .venv-dadapy/bin/python dadapy==0.3.4

The other interpreter reads the neighbour lists once, outside the timed part, and then answers one
request after another; a request costs a line through a pipe each way.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

VARIABLE = "LAYERSCOPE_DADAPY"

# Runs over there. dadapy's own numpy reads the file; column 0 of its indices is the row itself.
SERVER = """
import sys
from itertools import combinations
import numpy as np
from dadapy import MetricComparisons

lists = np.load(sys.argv[1])
n_layers, n, k = lists.shape
own = np.broadcast_to(np.arange(n)[:, None], (n, 1))
indices = [np.hstack([own, one]).astype(int) for one in lists]
ranks = np.broadcast_to(np.arange(k + 1.0), (n, k + 1))
layers = [MetricComparisons(distances=(ranks, one), maxk=k) for one in indices]
print("ready", flush=True)
for _ in sys.stdin:
    overlap = np.ones((n_layers, n_layers))
    for a, b in combinations(range(n_layers), 2):
        shared = layers[a].return_data_overlap(dist_indices=indices[b], k=k)
        overlap[a, b] = overlap[b, a] = shared
    np.save(sys.argv[2], overlap)
    print("done", flush=True)
"""


def overlaps(lists: npt.NDArray[np.uint32]) -> Callable[[int], npt.NDArray[np.float64]] | None:
    """Return a job: the overlap of all pairs of layers; None where dadapy is not at hand."""
    interpreter = os.environ.get(VARIABLE)
    if not interpreter:
        return None
    folder = tempfile.TemporaryDirectory()
    given, answer = (Path(folder.name) / name for name in ("lists.npy", "overlap.npy"))
    np.save(given, lists)
    child = subprocess.Popen(
        [interpreter, "-c", SERVER, str(given), str(answer)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, child, folder)

    def read() -> str:
        assert child.stdout is not None
        return child.stdout.readline().strip()

    if read() != "ready":
        raise SystemExit(f"{VARIABLE} must be an interpreter with dadapy; got {interpreter}")

    def job(_threads: int) -> npt.NDArray[np.float64]:
        assert child.stdin is not None
        child.stdin.write("once more\n")
        child.stdin.flush()
        assert read() == "done"
        return np.load(answer)

    return job


def _end(child: subprocess.Popen[str], folder: tempfile.TemporaryDirectory[str]) -> None:
    child.kill()
    child.wait()
    folder.cleanup()
