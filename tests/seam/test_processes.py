"""Forked and spawned children compute, whatever their parent did before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.seam._calls import run_program

COMMON = """
import os, sys, time
import numpy as np
import layerscope as ls

X = np.random.default_rng(3).normal(size=(300, 16)).astype(np.float32)
y = np.arange(300) % 3

def work(jobs=2):
    found = ls.neighbors(X, n_neighbors=5, n_jobs=jobs)
    value = ls.modularity(X, y).value
    return found.indices.tobytes() + found.distances.tobytes() + value.hex().encode()

def wait(child, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    sys.exit("the child hung")

def child_that(check):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if check() else 1
        finally:
            os._exit(code)
    return child
"""

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@forks
def test_a_child_forked_after_use_computes() -> None:
    program = """
expected = work()
for jobs in (1, 2, 7, None):
    child = child_that(lambda: work(jobs) == expected)
    assert wait(child) == 0, jobs
assert work() == expected
"""
    run_program(COMMON + program)


@forks
def test_a_grandchild_computes_too() -> None:
    program = """
expected = work()
def both():
    mine = work() == expected
    return mine and wait(child_that(lambda: work() == expected)) == 0 and work() == expected
assert wait(child_that(both)) == 0
"""
    run_program(COMMON + program)


@forks
def test_a_child_forked_while_another_thread_computes() -> None:
    program = """
import threading
expected = work()
large = np.random.default_rng(0).normal(size=(8000, 128)).astype(np.float32)
busy = threading.Thread(target=lambda: ls.neighbors(large))
busy.start()
children = [child_that(lambda: work() == expected) for _ in range(5)]
assert [wait(child) for child in children] == [0] * 5
busy.join()
assert work() == expected
"""
    run_program(COMMON + program)


SPAWNED = (
    COMMON
    + """
from concurrent.futures import ProcessPoolExecutor
import multiprocessing

if __name__ == "__main__":
    expected = work()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(sys.argv[1])) as pool:
        assert list(pool.map(work, (1, 2, 7, None), timeout=90)) == [expected] * 4
    print("same")
"""
)


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=forks)])
def test_workers_of_a_process_pool(method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SPAWNED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), method],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr
