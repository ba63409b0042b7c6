"""The wheel itself: what is in it, and that it computes beside numpy and nothing else.

`make test` and `make wheel` name it in LAYERSCOPE_WHEEL.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

WHEEL = os.environ.get("LAYERSCOPE_WHEEL")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WHEEL is None, reason="LAYERSCOPE_WHEEL names no wheel; make wheel does"),
]

# What every Linux that a manylinux wheel may be installed on has.
SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|util)\.so|ld-linux|libSystem|libiconv")


@pytest.fixture(scope="module")
def wheel() -> Path:
    assert WHEEL is not None
    path = Path(WHEEL).resolve()
    assert path.is_file(), path
    return path


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment that holds numpy and the wheel without its dependencies."""
    folder = tmp_path_factory.mktemp("beside numpy")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    has_uv = importlib.util.find_spec("uv") is not None
    if has_uv:
        _run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(folder))
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    else:
        _run(sys.executable, "-m", "venv", str(folder))
        install = [str(python), "-m", "pip", "install", "--quiet"]
    _run(*install, f"numpy=={np.__version__}")
    _run(*install, "--no-deps", str(wheel))
    return python


def _run(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(words, capture_output=True, text=True, cwd=cwd, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_one_abi3_wheel_for_every_python(wheel: Path) -> None:
    name, version, python, abi, _ = wheel.stem.split("-")
    assert (name, python, abi) == ("layerscope", "cp311", "abi3")
    import layerscope

    assert version == layerscope.__version__


def test_it_holds_the_package_and_nothing_foreign(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for wanted in ("layerscope/__init__.py", "layerscope/py.typed", "layerscope/_core.pyi"):
        assert wanted in names
    assert any(name.endswith("/LICENSE-MIT") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert tops <= {"layerscope", *(top for top in tops if top.endswith(".dist-info"))}
    assert not [name for name in names if re.search(r"__pycache__|/tests?/|\.rs$", name)]
    compiled = [name for name in names if re.search(r"\.(so|pyd|dll|dylib)(\.|$)", name)]
    assert len(compiled) == 1, compiled
    assert compiled[0].startswith("layerscope/_core")


@pytest.mark.skipif(
    os.name != "posix", reason="names of shared libraries as ELF and Mach-O hold them"
)
def test_it_needs_no_library_but_the_system_ones(wheel: Path) -> None:
    """No second OpenMP runtime beside the one of torch, and no other surprise."""
    with zipfile.ZipFile(wheel) as archive:
        [compiled] = [n for n in archive.namelist() if re.search(r"\.(so|dylib)$", n)]
        code = archive.read(compiled)
    needed = {
        found.decode()
        for found in re.findall(rb"\0((?:lib|ld-)[\w+.-]+\.(?:so|dylib)[.\d]*)(?=\0)", code)
    }
    assert needed, "not even libc: this test has lost its subject"
    assert all(SYSTEM.match(library) for library in needed), needed
    for runtime in (b"libgomp", b"libiomp", b"libomp", b"GOMP_", b"__kmpc_"):
        assert runtime not in code


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 20_000_000


PROGRAM = """
import importlib.util, json, sys
for package in ("torch", "scipy", "click", "rich", "jinja2", "matplotlib", "safetensors"):
    assert importlib.util.find_spec(package) is None, package
import numpy as np
import layerscope as ls

rng = np.random.default_rng(0)
y = np.repeat([0, 1, 2], 60)
X = rng.normal(size=(3, 10))[y] * 3 + rng.normal(size=(180, 10))
stack = ls.Activations({"a": X, "b": X.astype(np.float16)}, labels=y)
found = ls.neighbors(X, n_neighbors=7, metric="cosine")
words = (X.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
half = ls.neighbors(ls.bfloat16(words), n_neighbors=7)
one = ls.modularity(X, y)
curve = ls.modularity_curve(stack, y)
report = ls.analyze(stack, labels=y)
graph = found.graph()
print(json.dumps({
    "file": ls.__file__,
    "n_edges": graph.n_edges,
    "value": float(one),
    "curve": curve.value.tolist(),
    "agreement": float(ls.label_agreement(X, y)),
    "dimension": float(ls.intrinsic_dimension(X)),
    "rows": len(report.table),
    "half": half.indices.shape,
}))
"""


def test_it_computes_beside_numpy_alone(bare: Path, tmp_path: Path) -> None:
    import json

    answer = json.loads(_run(str(bare), "-W", "error", "-c", PROGRAM, cwd=tmp_path))
    assert Path(answer["file"]).is_relative_to(bare.parents[1])
    assert answer["rows"] == 2
    assert answer["half"] == [180, 7]
    # Three classes far apart: the same numbers as with everything installed.
    assert answer["agreement"] > 0.9
    assert answer["curve"][0] == answer["value"] > 0.5
    assert 2 < answer["dimension"] < 20
    assert answer["n_edges"] > 180


def test_an_extra_that_is_missing_is_named_in_one_sentence(bare: Path, tmp_path: Path) -> None:
    program = """
import numpy as np, layerscope as ls
from layerscope.errors import MissingExtraError
try:
    ls.analyze({"a": np.random.default_rng(0).normal(size=(50, 4))}).table.to_pandas()
except MissingExtraError as error:
    print(error)
"""
    out = _run(str(bare), "-c", program, cwd=tmp_path)
    assert "pandas must be installed: pip install pandas" in out
    assert out.count("\n") == 1
