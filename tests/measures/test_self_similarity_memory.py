"""Thousands of units within a memory limit: the peak of a process of its own."""

from __future__ import annotations

import json
import math
import sys

import pytest

from tests.seam._calls import run_program

PROGRAM = """
import ctypes, json, re, sys
import numpy as np
import layerscope as ls

def status(entry):
    text = open("/proc/self/status", encoding="ascii").read()
    return 1024 * int(re.search(entry + r":\\s+([0-9]+) kB", text)[1])

how = dict(form={form!r}, n_null={n_null}, memory_limit={limit}, n_jobs=2)
X = np.random.default_rng(0).normal(size=(2, {n_units}))
ls.self_similarity(X[:, :50], **how)  # what is kept once is no part of it
ctypes.CDLL(None).malloc_trim(0)
try:
    open("/proc/self/clear_refs", "w").write("5")  # the peak so far is forgotten
except OSError as error:
    print(json.dumps(str(error)))
    sys.exit()
before = status("VmRSS")
found = ls.self_similarity(X, **how)
print(json.dumps([found.value, found.counts[-1], status("VmHWM") - before]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("form", "n_units", "n_null", "limit", "last"),
    [
        ("paper", 10_000, 1, 16_000_000, 1.0),
        ("correlation", 10_000, 0, 16_000_000, 0.98),
        ("covering", 10_000, 0, 820_000_000, 1.0),
    ],
)
def test_many_units(form: str, n_units: int, n_null: int, limit: int, last: float) -> None:
    program = PROGRAM.format(form=form, n_units=n_units, n_null=n_null, limit=limit)
    answer = json.loads(run_program(program, seconds=280))
    if isinstance(answer, str):
        pytest.skip(f"the peak cannot be reset here: {answer}")
    value, count, peak = answer
    assert math.isfinite(value)
    assert count == pytest.approx(last, abs=1e-4)
    # All distances of 10,000 are 400 MB, which the closed forms and the correlation do without;
    # the covering has them twice.
    assert peak < limit
