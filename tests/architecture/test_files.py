"""Size, litter and pins of the tree itself."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from pathlib import Path

import pytest

from tests.architecture._tree import PACKAGE, ROOT, name, toml, tracked, with_suffix

REFUSED = 600


def rust_lines(path: Path) -> int:
    """Lines that hold code, without blanks and whole-line comments."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("//"))


def python_lines(path: Path) -> int:
    """Lines that hold code, without blanks, comments and docstrings."""
    source = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    skip = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize(("suffix", "count"), [(".rs", rust_lines), (".py", python_lines)])
def test_no_file_is_too_long(suffix: str, count) -> None:
    sizes = {name(path): count(path) for path in with_suffix(suffix)}
    assert max(sizes.values()) > 20, "counts nothing: this test has lost its subject"
    too_long = {file: lines for file, lines in sizes.items() if lines > REFUSED}
    assert not too_long, too_long


def test_nothing_is_left_to_do() -> None:
    sources = [*with_suffix(".py", PACKAGE), *with_suffix(".rs")]
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|\b(to" r"do|unimplemented)!\(")
    for path in sources:
        found = marks.search(path.read_text(encoding="utf-8"))
        assert not found, f"{name(path)}: {found and found[0]}"


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert len(found) > 20
    return found


def test_no_machine_is_named() -> None:
    """Paths of one person's machine and addresses of package indexes stay out of the tree."""
    paths = re.compile(r"(?<![\w.])/(home|root|Users|work|mnt|opt)/\w+")
    hosts = re.compile(r"https?://(?!doi|arxiv)[\w.-]*(pypi|pythonhosted|download\.pytorch|mirror)")
    for path, text in texts():
        if path == Path(__file__) or path.name == "LICENSE-APACHE":
            continue
        if path.name == "Cargo.lock":  # cargo itself writes the address of its registry there
            continue
        for pattern in (paths, hosts):
            found = pattern.search(text)
            assert not found, f"{name(path)}: {found and found[0]}"


def test_no_generated_file_is_tracked() -> None:
    ends = {".so", ".pyd", ".dll", ".dylib", ".pyc", ".whl", ".pickle", ".pkl", ".pt"}
    files = tracked()
    assert files
    for path in files:
        assert path.suffix not in ends, name(path)
        assert path.stat().st_size <= 3_000_000, f"{name(path)} is over 3 MB"


def test_readme_is_short_and_starts_with_one_sentence() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert 20 < len(lines) < 120
    assert lines[0] == "# layerscope"
    assert lines[2].startswith("layerscope ")


def test_requirements_are_pinned_with_hashes_and_without_addresses() -> None:
    files = sorted((ROOT / "requirements").glob("*.txt"))
    assert {path.stem for path in files} == {"bench", "build", "runtime", "dev", "torch"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, name(path)
        assert "--index-url" not in text, name(path)
        assert "--find-links" not in text, name(path)
        # One logical line per package: its pin, then its hashes.
        packages = [line for line in text.replace("\\\n", " ").splitlines() if line[:1].isalnum()]
        assert packages, name(path)
        for line in packages:
            assert re.match(r"[\w.\[\]-]+==\S+", line), f"{name(path)}: {line[:60]}"
            assert "--hash=sha256:" in line, f"{name(path)}: {line[:60]}"


def test_requirements_agree_with_each_other_and_with_the_package() -> None:
    def pins(stem: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{stem}.txt").read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    dev = pins("dev")
    for stem in ("build", "runtime", "torch"):
        shared = dev.keys() & pins(stem).keys()
        assert shared, stem
        for package in shared:
            assert pins(stem)[package] == dev[package], f"{package} in {stem}.txt"
    asked = (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    asked = sorted(line for line in asked if line and not line.startswith("#"))
    assert asked == sorted(toml(ROOT / "pyproject.toml")["project"]["dependencies"])


def test_one_version_everywhere() -> None:
    import layerscope
    from layerscope import _core

    version = toml(ROOT / "Cargo.toml")["workspace"]["package"]["version"]
    assert layerscope.__version__ == version
    assert _core.build_info()["version"] == version
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(version)}$", citation, re.MULTILINE)


def test_the_lock_file_is_current_and_tracked() -> None:
    assert ROOT / "Cargo.lock" in tracked()
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    ours = {package["name"] for package in lock["package"] if "source" not in package}
    assert "layerscope-core" in ours


def test_actions_are_pinned_by_commit() -> None:
    uses = []
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        uses += re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action


def test_every_bench_has_its_row_in_the_readme() -> None:
    benches = ROOT / "benches"
    names = {
        path.stem
        for path in (benches / "python").glob("*.py")
        if not path.stem.startswith("_") and path.stem != "run"
    }
    assert names
    listed = (benches / "README.md").read_text(encoding="utf-8")
    assert {stem for stem in names if f"| `python/{stem}.py` |" not in listed} == set()
