"""The command as a process: signals, pipes, terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.report._stacks import RISING, command, files_in, labels_of, run, save_folder, stack_of

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and terminals")

#: The command line, with a word on stderr from inside the first neighbour search: its progress is
#: looked at while the work goes on. A signal that falls into an import of Python may be lost there.
_TELLING = """
import importlib, sys
measured = importlib.import_module('layerscope.analyze._measured')
inner = measured.neighbors
said = []
def telling(*arguments, **settings):
    def progress(done, total, what):
        if not said:
            said.append(1)
            print("begun", file=sys.stderr, flush=True)
    return inner(*arguments, **{**settings, "progress": progress})
measured.neighbors = telling
from layerscope.cli import main
main()
"""


@posix
def test_ctrl_c_ends_it_with_130_one_line_and_no_file(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(60_000, 256)).astype(np.float32)
    np.save(tmp_path / "large.npy", values)
    process = subprocess.Popen(
        [sys.executable, "-c", _TELLING, "analyze", "large.npy"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        waited = time.monotonic() - sent
    assert process.returncode == 130
    assert err == "interrupted\n"
    assert out == ""
    assert waited < 10  # loose: the tight bound is held by the tests of the seam
    assert files_in(tmp_path) == ["large.npy"]


@posix
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    save_folder(tmp_path / "acts", stack_of(RISING))
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(
            command("analyze", "acts", "--layers", "conv1"),
            cwd=tmp_path,
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 0
    assert done.stderr == ""
    assert files_in(tmp_path) == ["acts", "layerscope-report.html"]


@posix
def test_on_a_terminal_it_draws_and_progress_stays_on_stderr(tmp_path: Path) -> None:
    import pty

    save_folder(tmp_path / "acts", stack_of({"[red]a": 1.0, "b": 2.0}))
    np.save(tmp_path / "labels.npy", labels_of())
    parent, child = pty.openpty()
    done = subprocess.run(
        command("analyze", "acts", "--labels", "labels.npy", "--layers", "[red]a,b"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
        check=False,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1"},
    )
    os.close(child)
    drawn = os.read(parent, 65536).decode(errors="replace")
    os.close(parent)
    assert done.returncode == 0, drawn
    assert any(what in drawn for what in ("neighbours of", "CKA of", "self-similarity of"))
    assert "\x1b" not in done.stdout
    assert "[red]a" in done.stdout


def test_silent_on_stderr_where_no_one_watches(tmp_path: Path) -> None:
    save_folder(tmp_path / "acts", stack_of(RISING))
    done = run("analyze", "acts", "--layers", "conv1,conv2", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""


def test_the_script_and_the_module_are_one(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("layerscope")
    if not script.exists():
        pytest.skip("not installed with its script")
    asked = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout == run("--version", cwd=tmp_path).stdout
    assert asked.stdout.startswith("layerscope ")


def test_the_same_numbers_for_any_number_of_threads(tmp_path: Path) -> None:
    save_folder(tmp_path / "acts", stack_of(RISING))
    np.save(tmp_path / "labels.npy", labels_of())
    arguments = ["analyze", "acts", "--labels", "labels.npy", "--json", "-"]
    one, seven = (run(*arguments, "--jobs", jobs, cwd=tmp_path).stdout for jobs in ("1", "7"))
    assert one
    assert one == seven
