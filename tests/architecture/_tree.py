"""The tree as the architecture tests see it: tracked files and what they hold."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "layerscope"
RUST = ROOT / "rust"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows, or will know at the next commit; without git, what looks so."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    if done.returncode == 0:
        files = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        made = re.compile(r"/(\.git|\.venv[\w-]*|\.uv-cache|\.\w+_cache|target|dist|__pycache__)/")
        files = [path for path in ROOT.rglob("*") if not made.search(path.as_posix())]
    return tuple(path for path in files if path.is_file())


def with_suffix(suffix: str, under: Path = ROOT) -> list[Path]:
    """Tracked files of one kind below a folder; never an empty list."""
    found = [path for path in tracked() if path.suffix == suffix and path.is_relative_to(under)]
    assert found, f"no {suffix} file under {under}: this test has lost its subject"
    return found


def name(path: Path) -> str:
    """Path as a reader of a failure wants it."""
    return path.relative_to(ROOT).as_posix()


def code_of(path: Path) -> str:
    """Rust source without comments, so that prose about a word is not taken for the word."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        code, _, _ = line.partition("//")
        lines.append(code)
    return "\n".join(lines)


def toml(path: Path) -> dict:
    """A parsed TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
