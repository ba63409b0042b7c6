"""Peers in a process of their own: what needs another interpreter, or other variables.

The other process reads the rows once, outside the timed part, and then answers one request after
another: a line with the number of threads goes there, a line comes back, and the answer waits in a
file of the temporary folder.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

VARIABLE = "LAYERSCOPE_TORCH"

SERVER = """
import sys
import numpy as np

X, K = np.load(sys.argv[1]), int(sys.argv[3])
n, d = X.shape
{code}
print("ready", flush=True)
for line in sys.stdin:
    np.save(sys.argv[2], search(int(line)))
    print("done", flush=True)
"""

OURS = """
import layerscope as ls


def search(threads):
    return ls.neighbors(X, n_neighbors=K, n_jobs=threads).indices
"""

SKLEARN = """
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(X)


def search(threads):
    with threadpool_limits(limits=threads):
        return fitted.kneighbors(return_distance=False)
"""

# One block of products after the other, then the largest of 2xy − |y|².
TORCH = """
import torch

rows = torch.from_numpy(X)
squares = (rows * rows).sum(1)
BLOCK = 2048


def search(threads):
    torch.set_num_threads(threads)
    found = []
    for start in range(0, n, BLOCK):
        part = rows[start : start + BLOCK]
        scores = torch.addmm(squares, part, rows.T, beta=-1, alpha=2)
        own = torch.arange(start, start + len(part))
        scores[own - start, own] = -torch.inf
        found.append(scores.topk(K, dim=1).indices)
    return torch.cat(found).numpy()
"""

# A row finds itself, but not always first: it is taken out by its number.
FAISS = """
import faiss

index = faiss.IndexFlatL2(d)
index.add(X)


def search(threads):
    faiss.omp_set_num_threads(threads)
    found = index.search(X, K + 1)[1]
    others = found != np.arange(n)[:, None]
    others[others.all(axis=1), -1] = False
    return found[others].reshape(n, K)
"""

# What is held beside the rows, in a process of its own, after a first search of some rows.
PEAK = """
import sys
import numpy as np


def status(word):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(word))


X, K = np.load(sys.argv[1]), int(sys.argv[2])
code = sys.stdin.read()
for rows in (X[:600], X):
    n, d = rows.shape
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    space = {{"np": np, "X": rows, "K": K, "n": n, "d": d}}
    exec(code, space)
    space["search"](1)
    held = status("VmHWM") - before
print(held)
"""


def peaks(codes: Mapping[str, tuple[str, str]], X: npt.NDArray[np.float32], k: int) -> str:
    """Say what each (interpreter, code) holds at its peak beside the rows, with one thread."""
    said = []
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "rows.npy"
        np.save(given, X)
        for name, (interpreter, code) in codes.items():
            done = subprocess.run(
                [interpreter, "-c", PEAK.format(), str(given), str(k)],
                input=code,
                capture_output=True,
                text=True,
                check=False,
            )
            failed = done.returncode != 0
            said.append(f"{name} " + ("unknown" if failed else f"{int(done.stdout) / 1e6:.0f} MB"))
    return ", ".join(said)


def beside(
    interpreter: str, code: str, X: npt.NDArray[np.float32], k: int, **variables: str
) -> Callable[[int], npt.NDArray[np.int64]]:
    """Start the other process; return a job that asks it for the neighbours."""
    folder = tempfile.TemporaryDirectory()
    given, answer = (Path(folder.name) / name for name in ("rows.npy", "answer.npy"))
    np.save(given, X)
    child = subprocess.Popen(
        [interpreter, "-c", SERVER.format(code=code), str(given), str(answer), str(k)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    atexit.register(_end, child, folder)

    def read() -> str:
        assert child.stdout is not None
        return child.stdout.readline().strip()

    if read() != "ready":
        raise SystemExit(f"{interpreter} cannot run the peer")

    def job(threads: int) -> npt.NDArray[np.int64]:
        assert child.stdin is not None
        child.stdin.write(f"{threads}\n")
        child.stdin.flush()
        assert read() == "done"
        return np.load(answer)

    return job


@cache
def torch_interpreter() -> str | None:
    """Return an interpreter that has torch: the one named, or this one, or none."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    return sys.executable if importlib.util.find_spec("torch") else None


def wider_faiss() -> Mapping[str, str] | None:
    """Return the variables that make faiss use AVX-512; None where it does by itself, or cannot."""
    if importlib.util.find_spec("faiss") is None:
        return None
    flags = Path("/proc/cpuinfo")
    has = flags.exists() and "avx512f" in flags.read_text(encoding="utf-8")
    return None if not has or "AVX512" in faiss_level() else {"FAISS_OPT_LEVEL": "avx512"}


def faiss_level() -> str:
    """Return the instructions that faiss, as installed, uses by itself."""
    import faiss

    try:
        return str(faiss.SIMDConfig.get_level_name())
    except AttributeError:
        return "AVX512" if "AVX512" in faiss.get_compile_options() else "AVX2"


def _end(child: subprocess.Popen[str], folder: tempfile.TemporaryDirectory[str]) -> None:
    child.kill()
    child.wait()
    folder.cleanup()
