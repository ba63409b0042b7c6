"""What the set-up says on a machine where something is missing, and that `make` prints itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripts are POSIX shell")

GOOD_PYTHON = f'exec "{sys.executable}" "$@"'
OLD_PYTHON = 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac'
BROKEN_STUB = "echo 'command not found in this version' >&2; exit 127"
GOOD_CARGO = 'echo "cargo 1.999.0 (stub)"'
OLD_CARGO = 'echo "cargo 1.60.0 (stub)"'
BARE_CARGO = 'case "$1" in --version) echo "cargo 1.999.0";; *) exit 101;; esac'
GOOD = {"python3": GOOD_PYTHON, "cargo": GOOD_CARGO, "cc": "exit 0"}


def check(
    folder: Path, commands: dict[str, str], *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the check where PATH holds these commands and the plainest tools alone."""
    for tool in ("sed", "sh"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    for command, body in commands.items():
        stub = folder / command
        stub.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        stub.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "scripts/check-tools.sh", *words],
        cwd=ROOT,
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_is_there(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD, "lint")
    assert (done.returncode, done.stdout, done.stderr) == (0, "python3\n", "")


@pytest.mark.parametrize(
    ("commands", "words", "sentence"),
    [
        ({**GOOD, "python3": OLD_PYTHON}, (), "Python 3.11 or newer .* found Python 3.9.2"),
        ({"cargo": GOOD_CARGO}, (), "Python 3.11 or newer .* found no Python at all"),
        ({"python3": GOOD_PYTHON}, (), "cargo .* must be on PATH"),
        ({**GOOD, "cargo": OLD_CARGO}, (), r"cargo must be at least 1\.\d+; found 1.60"),
        ({**GOOD, "cargo": BROKEN_STUB}, (), "cargo must run"),
        ({"python3": GOOD_PYTHON, "cargo": GOOD_CARGO}, (), "a C linker"),
        ({**GOOD, "cargo": BARE_CARGO}, ("lint",), "cargo must have rustfmt and clippy"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, commands: dict[str, str], words: tuple[str, ...], sentence: str
) -> None:
    done = check(tmp_path, commands, *words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert re.match(f"layerscope: {sentence}", done.stderr), done.stderr


def test_a_newer_python_under_another_name_is_found(tmp_path: Path) -> None:
    """Also where `python3` is a stub that cannot run."""
    commands = {**GOOD, "python3": BROKEN_STUB, "python3.12": GOOD_PYTHON}
    assert check(tmp_path, commands).stdout == "python3.12\n"


def test_a_python_may_be_named(tmp_path: Path) -> None:
    other = {**GOOD, "python3": OLD_PYTHON, "mine": GOOD_PYTHON}
    assert check(tmp_path, other, PYTHON="mine").stdout == "mine\n"


def test_a_python_that_was_named_is_not_replaced(tmp_path: Path) -> None:
    done = check(tmp_path, {**GOOD, "mine": OLD_PYTHON}, PYTHON="mine")
    assert done.returncode == 1
    assert "PYTHON must name a Python of at least 3.11; got mine" in done.stderr


def test_make_alone_prints_every_chore() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make here")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    out = subprocess.run(
        [make, "--no-print-directory"],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    chores = {line.split()[1] for line in out.splitlines()}
    promised = {"setup", "demo", "test", "lint", "bench", "docs", "wheel", "clean", "help", "pins"}
    assert promised <= chores
    phony = (ROOT / "Makefile").read_text(encoding="utf-8")
    for chore in chores:
        assert re.search(rf"^{chore}:", phony, re.MULTILINE), chore


def test_scripts_may_be_run_and_quote_their_paths() -> None:
    scripts = [*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run"]
    assert len(scripts) > 4
    for script in scripts:
        assert os.access(script, os.X_OK), script.name
        shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
        subprocess.run([shell, "-n", str(script)], check=True)
