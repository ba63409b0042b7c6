"""Fifty thousand nodes under 500 MB, whatever the method: the peak of a process of its own."""

from __future__ import annotations

import json
import sys

import pytest

from tests.seam._calls import run_program

PROGRAM = """
import json, re
import numpy as np
import layerscope as ls

rows, columns = 200, 250
node = np.arange(rows * columns).reshape(rows, columns)
edges = np.concatenate([
    np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
    np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
])
graph = ls.Graph.from_edges(edges)
found = ls.box_counts(graph, method={method!r}, sizes=[2, 9], memory_limit="400MB", n_jobs=2)
# Not ru_maxrss, which a process inherits from the one that started it.
status = open("/proc/self/status", encoding="ascii").read()
peak = 1024 * int(re.search(r"VmHWM:\\s+([0-9]+)", status)[1])
print(json.dumps([found.counts.tolist(), found.diameter, peak]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is counted in other units elsewhere")
@pytest.mark.parametrize("method", ["greedy", "cbb", "memb", "obca", "sketch", "random"])
def test_fifty_thousand_nodes(method: str) -> None:
    counts, diameter, peak = json.loads(run_program(PROGRAM.format(method=method), seconds=280))
    assert diameter == 448
    assert peak < 500e6
    by_radius = method in {"memb", "sketch", "random"}
    # A ball of radius r holds 2 r (r + 1) + 1 nodes of a grid; a box of size l at most l^2 / 2.
    most = [13, 181] if by_radius else [2, 41]
    assert all(50_000 / one <= count < 50_000 for one, count in zip(most, counts, strict=True))
