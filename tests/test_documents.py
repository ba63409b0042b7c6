"""Every Python block of the README and of docs/ runs, every link inside the tree leads somewhere.

The blocks of one page run one after the other in one namespace and in an empty folder, as a
reader would type them. A block with ``>>>`` is compared with what it prints. A page that imports
torch runs where torch is installed; a block that imports jax is left out where jax is not.
"""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benches").glob("*.md")]
)
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """(line of the first line, text) of every block in one language."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: found.start(2)].count("\n") + 1, found[2])
        for found in BLOCK.finditer(text)
        if found[1] == language
    ]


def with_python() -> list[object]:
    cases = []
    for page in PAGES:
        code = "".join(text for _, text in blocks(page, "python"))
        if code:
            needs_torch = re.search(r"^\s*(>>> )?(import|from) torch\b", code, re.MULTILINE)
            marks = [pytest.mark.torch] if needs_torch or "layerscope.torch" in code else []
            cases.append(pytest.param(page, id=page.relative_to(ROOT).as_posix(), marks=marks))
    return cases


def test_the_readme_has_about_ten_lines_of_python() -> None:
    [(_, code)] = blocks(ROOT / "README.md", "python")
    assert 8 <= len([line for line in code.splitlines() if line.strip()]) <= 14


@pytest.mark.parametrize("page", with_python())
def test_python_blocks_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace: dict[str, object] = {"__name__": "page"}
    ran = 0
    for line, code in blocks(page, "python"):
        if re.search(r"^import jax$", code, re.MULTILINE) and not find_spec("jax"):
            continue
        if ">>>" in code:
            parser = doctest.DocTestParser()
            test = parser.get_doctest(code, namespace, page.name, str(page), line - 1)
            outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
                test, clear_globs=False
            )
            assert outcome.failed == 0, capsys.readouterr().out
            namespace.update(test.globs)
        else:
            # Blank lines before the code make a traceback name the line of the page.
            exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)
        ran += 1
    assert ran


def test_the_shell_line_of_the_readme_works(tmp_path: Path) -> None:
    lines = [
        line
        for _, code in blocks(ROOT / "README.md", "sh")
        for line in code.splitlines()
        if line.startswith("layerscope ")
    ]
    assert lines
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    (tmp_path / "activations").mkdir()
    for layer in (1, 2):
        np.save(tmp_path / f"activations/conv{layer}.npy", rng.normal(size=(120, 6)))
    np.save(tmp_path / "labels.npy", labels)
    for line in lines:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 1000


def test_links_inside_the_tree_lead_somewhere() -> None:
    checked = 0
    broken = []
    for page in PAGES:
        text = BLOCK.sub("", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            checked += 1
            there = (page.parent / path).resolve() if path else page
            lost = not there.exists()
            if anchor and there.suffix == ".md":
                lost = lost or anchor not in anchors(there)
            if lost:
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert checked > 5
    assert not broken, broken


def anchors(page: Path) -> set[str]:
    """Anchors as hosts of Markdown make them from headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.name != "README.md"]
    decisions = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in pages:
        if page.parent.name == "decisions":
            assert page.name in decisions, page.name
        else:
            assert page.relative_to(ROOT / "docs").as_posix() in index, page.name


def test_no_page_keeps_a_placeholder() -> None:
    bare = re.compile(r"^\W*(RESULTS?|TODO|TBD|FIXME|XXX|PLACEHOLDER)\W*$", re.MULTILINE)
    for page in (ROOT / "docs").rglob("*.md"):
        assert not bare.search(page.read_text(encoding="utf-8")), page
