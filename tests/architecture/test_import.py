"""What `import layerscope` loads, and how long it takes: measured in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("torch", "pandas", "polars", "matplotlib", "scipy", "sklearn", "click", "rich", "jinja2")

PROGRAM = """
import json, sys, time
import numpy
start = time.perf_counter()
import layerscope
seconds = time.perf_counter() - start
import layerscope.errors
print(json.dumps({"seconds": seconds, "loaded": sorted(sys.modules)}))
"""


def imported() -> dict:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_import_loads_nothing_heavy() -> None:
    loaded = set(imported()["loaded"])
    assert {"layerscope", "layerscope._arrays", "numpy"} <= loaded
    packages = {module.split(".")[0] for module in loaded}
    assert not packages & set(HEAVY), packages & set(HEAVY)


def test_import_takes_less_than_a_second() -> None:
    """One of the two times that tests assert: best of three, numpy not counted."""
    assert min(imported()["seconds"] for _ in range(3)) < 1.0


def test_star_import_brings_the_public_names_only() -> None:
    program = (
        "before = set(globals()); from layerscope import *; import layerscope\n"
        "new = set(globals()) - before - {'before', 'layerscope'}\n"
        "assert new == set(layerscope.__all__), new"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
