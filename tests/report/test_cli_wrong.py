"""Wrong input: one sentence on stderr, exit code 2, nothing written, nothing on stdout."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from layerscope import Activations
from layerscope.cli import cli
from tests.report._stacks import RISING, files_in, labels_of, run, save_folder, stack_of

N = 90


class _Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("pickled",))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    stack = stack_of(RISING)
    save_folder(tmp_path / "acts", stack)
    save_folder(tmp_path / "other", dict.fromkeys(("conv1", "fc"), stack["conv1"]))
    save_folder(tmp_path / "short", {name: layer[:50] for name, layer in stack.items()})
    save_folder(tmp_path / "uneven", {"a": stack["conv1"], "b": stack["conv2"][:80]})
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "labels.npy", labels_of())
    np.save(tmp_path / "labels80.npy", labels_of(80))
    np.save(tmp_path / "two_axes.npy", np.zeros((N, 2)))
    np.save(tmp_path / "missing.npy", np.where(labels_of() == 1, np.nan, 0.0))
    np.save(tmp_path / "objects.npy", np.array([_Hostile()] * N, dtype=object), allow_pickle=True)
    np.save(tmp_path / "maps.npy", np.zeros((N, 3, 2, 2), dtype=np.float32))
    np.save(tmp_path / "tokens.npy", np.ones((N, 3, 2), dtype=np.float32))
    np.save(tmp_path / "words.npy", np.zeros((N, 3), dtype=np.uint16))
    np.save(tmp_path / "complex.npy", np.zeros((N, 3), dtype=complex))
    np.save(tmp_path / "one_row.npy", np.zeros((1, 3)))
    nan = stack["conv1"].copy()
    nan[17, 3] = np.nan
    np.save(tmp_path / "nan.npy", nan)
    whole = (tmp_path / "acts" / "conv1.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-100])
    (tmp_path / "nothing.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_bytes(b"not an array")
    (tmp_path / "weights.pt").write_bytes(pickle.dumps({}))
    (tmp_path / "notes.md").write_text("words", encoding="utf-8")
    (tmp_path / "blank.txt").write_text("", encoding="utf-8")
    (tmp_path / "gap.csv").write_text("a\n\nb\n", encoding="utf-8")
    (tmp_path / "wide.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    Activations(stack).save(tmp_path / "good.safetensors")
    tensors = (tmp_path / "good.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(tensors[:-10])
    (tmp_path / "huge.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    overlap = {
        name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} for name in ("a", "b")
    }
    header = json.dumps(overlap).encode()
    (tmp_path / "overlap.safetensors").write_bytes(
        struct.pack("<Q", len(header)) + header + b"\0" * 16
    )
    return tmp_path


#: The command line after `analyze`, and words that its one sentence must hold.
WRONG = {
    "no path": ("", "PATH must name"),
    "missing path": ("nowhere", "PATH must exist; got nowhere"),
    "missing among checkpoints": ("acts nowhere", "PATH must exist; got nowhere"),
    "empty folder": ("empty", "PATH must hold .npy or .safetensors files"),
    "unknown suffix": ("notes.md", "PATH must be a folder or a .npy"),
    "pickled weights": ("weights.pt", "never unpickled"),
    "object array": ("objects.npy", "never unpickled"),
    "truncated npy": ("cut.npy", "PATH must hold as many bytes as its header declares"),
    "empty npy": ("nothing.npy", "nothing.npy"),
    "text named npy": ("text.npy", "text.npy"),
    "truncated safetensors": ("cut.safetensors", "cut.safetensors"),
    "oversized header": ("huge.safetensors", "huge.safetensors"),
    "overlapping tensors": ("overlap.safetensors", "overlap.safetensors"),
    "nan": ("nan.npy", "layer 'nan': the activations must be finite; got nan at row 17, column 3"),
    "nan beside good layers": ("acts/conv1.npy nan.npy", "layer 'nan'"),
    "complex": ("complex.npy", "real numbers"),
    "unmarked words": ("words.npy", "uint16"),
    "one row": ("one_row.npy", "at least two samples"),
    "uneven layers": (
        "uneven",
        "PATH must have the same number of rows in every layer; got 90 rows in 'a', 80 in 'b'",
    ),
    "maps without layout": ("maps.npy", "--layout and --pool"),
    "tokens without layout": ("tokens.npy", "--layout and --pool"),
    "layout alone": ("maps.npy --layout NCHW", "--pool must be given together with --layout"),
    "pool alone": ("maps.npy --pool mean", "--layout must be given together with --pool"),
    "layout of tokens for maps": ("maps.npy --layout NTC --pool mean", "layer 'maps'"),
    "cls of maps": ("maps.npy --layout NCHW --pool cls", "--pool must be flatten, mean or max"),
    "unknown layout": ("maps.npy --layout CHW --pool mean", "--layout must be one of"),
    "unknown pool": ("maps.npy --layout NCHW --pool sum", "--pool must be one of"),
    "files and folders": ("acts acts/conv1.npy", "acts/conv1.npy beside acts"),
    "one file twice": ("acts/conv1.npy acts/conv1.npy", "a name of its own"),
    "unknown layer": (
        "acts --layers conv1,conv3",
        "--layers must be among 'conv1', 'conv2', 'conv10'; got 'conv3'",
    ),
    "layer twice": ("acts --layers conv1,conv1", "--layers must name nothing twice"),
    "empty layer name": ("acts --layers conv1,,conv2", "--layers must be names"),
    "k of zero": ("acts --k 0", "--k must be an integer of at least 1; got 0"),
    "k below zero": ("acts --k -3", "--k must be an integer of at least 1; got -3"),
    "k of a word": ("acts --k many", "--k must be an integer of at least 1; got 'many'"),
    "k of a fraction": ("acts --k 2.5", "--k must be an integer"),
    "k as large as n": ("acts --k 90", "--k must be at most 89"),
    "unknown metric": ("acts --metric l1", "--metric must be one of euclidean"),
    "unknown measure": ("acts --measures q", "--measures must be names among"),
    "later measure": ("acts --measures separability", "not part of it yet"),
    "measure without labels": ("acts --measures modularity", "--labels must be given"),
    "empty measure": ("acts --measures ,", "--measures must be names"),
    "unknown preset": ("acts --preset eccv", "--preset must be one of eccv2022"),
    "seed below zero": ("acts --seed -1", "--seed must be an integer of at least 0; got -1"),
    "seed beyond words": ("acts --seed 9223372036854775808", "--seed must be at most"),
    "no jobs": ("acts --jobs 0", "--jobs must be an integer of at least 1; got 0"),
    "too many jobs": ("acts --jobs 100000", "--jobs must be at most"),
    "unit of memory": ("acts --memory-limit 2XB", "--memory-limit must be bytes or"),
    "no memory": ("acts --memory-limit 0", "--memory-limit must be an integer of at least 1"),
    "too little memory": ("acts --memory-limit 10", "--memory-limit"),
    "missing labels": ("acts --labels none.npy", "--labels must exist; got none.npy"),
    "labels of wrong length": ("acts --labels labels80.npy", "--labels must have one entry per"),
    "labels with two axes": ("acts --labels two_axes.npy", "--labels must have one axis"),
    "labels missing inside": ("acts --labels missing.npy", "--labels must not be missing"),
    "labels that are pickled": ("acts --labels objects.npy", "--labels must hold plain numbers"),
    "labels of another suffix": ("acts --labels notes.md", "--labels must be a .npy, .csv or"),
    "labels of no line": ("acts --labels blank.txt", "--labels must have at least one entry"),
    "labels with a gap": ("acts --labels gap.csv", "--labels must not be missing"),
    "labels of two columns": ("acts --labels wide.csv", "--labels must have one column"),
    "labels in a folder": ("acts --labels empty", "--labels must be a regular file"),
    "other layers": ("acts other --layers conv1,conv2", "other"),
    "other layers, all": ("acts other", "at checkpoint other"),
    "other samples": ("acts short", "50 at checkpoint short"),
    "report in no folder": ("acts -o no/report.html", "--output must lie in a folder that exists"),
    "report on a folder": ("acts -o empty", "--output must be the name of a file"),
    "report on a device": ("acts -o /dev/null", "--output must be the name of a file"),
    "report on the labels": ("acts --labels labels.npy -o labels.npy", "--output must not be"),
    "report on a layer": ("nan.npy -o nan.npy", "--output must not be"),
    "json in no folder": ("acts --json no/numbers.json", "--json must lie in a folder that exists"),
    "json on the report": ("acts -o r --json r", "--json must not be"),
    "unknown option": ("acts --loud", "no such option"),
    "option of later": ("acts --fail-if nnts<0.6", "no such option"),
    "option without value": ("acts --k", "--k"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(case: str, here: Path) -> None:
    if case == "report on a device" and not Path("/dev/null").exists():
        pytest.skip("no such device here")
    line, words = WRONG[case]
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    result = CliRunner().invoke(cli, ["analyze", *line.split()])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    said = result.stderr.splitlines()
    assert said[-1].startswith("error: ")
    assert words in said[-1]
    # remarks on the order of the layers may stand before; nothing else
    assert all(text.startswith("warning: ") for text in said[:-1])
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before


def test_there_are_many_wrong_inputs() -> None:
    assert len(WRONG) >= 50


@pytest.mark.parametrize("arguments", [["compare", "a", "b"], ["verify"], ["demo", "-o", "no/r"]])
def test_other_commands_refuse_too(here: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize("case", ["nan", "truncated npy", "k as large as n", "unknown option"])
def test_the_real_process_says_the_same(case: str, here: Path) -> None:
    line, words = WRONG[case]
    before = files_in(here)
    done = run("analyze", *line.split(), cwd=here)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert files_in(here) == before


def test_an_empty_path_is_refused(here: Path) -> None:
    result = CliRunner().invoke(cli, ["analyze", ""])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: PATH must name a file or folder")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(here: Path) -> None:
    (here / "locked").mkdir(mode=0o500)
    result = CliRunner().invoke(cli, ["analyze", "acts", "-o", "locked/report.html"])
    assert result.exit_code == 2
    assert "--output must lie in a folder that can be written" in result.stderr


def test_an_error_while_writing_leaves_the_old_report(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "r.html").write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    result = CliRunner().invoke(cli, ["analyze", "acts", "-o", "r.html"])
    assert result.exit_code == 2
    assert "error: --output must be writable (No space left on device)" in result.stderr
    assert (here / "r.html").read_text(encoding="utf-8") == "old"
    assert [name for name in files_in(here) if "r.html" in name] == ["r.html"]


def test_a_bug_of_ours_is_no_wrong_input_and_writes_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    module = importlib.import_module("layerscope.analyze._measured")
    monkeypatch.setattr(module, "neighbors", broken)
    before = files_in(here)
    result = CliRunner().invoke(cli, ["analyze", "acts"])
    assert result.exit_code == 70
    assert result.stdout == ""
    assert "internal error, please report it: ZeroDivisionError: a bug" in result.stderr
    assert files_in(here) == before
