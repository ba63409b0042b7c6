"""Rows on disk: the same numbers, and nothing left behind."""

from __future__ import annotations

import gc
import tempfile

import numpy as np
import pytest

from layerscope import load
from layerscope._arrays import BFloat16Array
from layerscope.errors import InvalidInputError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from layerscope.torch import capture  # noqa: E402

nn = torch.nn


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def model(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 40), nn.ReLU(inplace=True), nn.Linear(40, 2)).to(dtype)


def batches(dtype=torch.float32):
    rng = torch.Generator().manual_seed(1)
    return [(torch.randn(n, 3, generator=rng).to(dtype), torch.arange(n)) for n in (4, 4, 1)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("limit", [1, 2000, "3kB"])
def test_spilled_rows_are_the_same(folder, dtype, limit):
    plain = capture(model(dtype), batches(dtype))
    spilled = capture(model(dtype), batches(dtype), memory_limit=limit)
    assert list(folder.iterdir()) or limit != 1
    assert spilled.layers == plain.layers
    assert spilled.labels == plain.labels
    for name, array in plain.items():
        other = spilled[name]
        assert isinstance(other, BFloat16Array) == (dtype == torch.bfloat16)
        assert str(other.dtype) == str(array.dtype)
        np.testing.assert_array_equal(np.asarray(other), np.asarray(array))


def test_below_the_limit_nothing_is_written(folder):
    capture(model(), batches(), memory_limit="1MB")
    assert list(folder.iterdir()) == []


def test_files_live_as_long_as_their_arrays(folder):
    stack = capture(model(), batches(), memory_limit=1)
    [made] = folder.iterdir()
    assert len(list(made.iterdir())) == 3
    assert isinstance(stack["0"], np.memmap)
    kept = stack["2"][1:3]
    expected = kept.copy()
    del stack
    gc.collect()
    assert [file.name for file in made.iterdir()] == ["2.npy"]
    np.testing.assert_array_equal(kept, expected)
    del kept
    gc.collect()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("to_path", [False, True])
def test_a_failed_capture_leaves_no_file(folder, error, to_path):
    def fails():
        yield from batches()[:2]
        assert list(folder.iterdir())
        raise error

    where = {"path": folder / "stack"} if to_path else {"memory_limit": 1}
    with pytest.raises(error):
        capture(model(), fails(), **where)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_path_is_a_stack_that_load_reads(tmp_path, dtype):
    plain = capture(model(dtype), batches(dtype))
    (tmp_path / "stack").mkdir()
    for name in ("stack", "new"):
        written = capture(model(dtype), batches(dtype), path=tmp_path / name)
        back = load(tmp_path / name)
        for stack in (written, back):
            assert stack.layers == plain.layers
            assert stack.labels == plain.labels
            for layer in plain:
                np.testing.assert_array_equal(np.asarray(stack[layer]), np.asarray(plain[layer]))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new", "stack"]


def test_wrong_paths(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path, rule in (
        (tmp_path, "new folder or an empty one"),
        (tmp_path / "file", "new folder or an empty one"),
        (tmp_path / "absent" / "stack", "folder that exists"),
    ):
        with pytest.raises(InvalidInputError, match=rule):
            capture(model(), batches(), path=path)
    with pytest.raises(InvalidInputError, match="labels must be strings, booleans"):
        capture(model(), [(torch.ones(2, 3), [0.5, 1.5])], path=tmp_path / "stack")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
