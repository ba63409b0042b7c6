"""zarr groups."""

import json
import pickle

import numpy as np
import pytest

from layerscope import load
from layerscope.errors import InvalidInputError, MissingExtraError

zarr = pytest.importorskip("zarr")


@pytest.fixture(params=[2, 3])
def group(request, tmp_path):
    made = zarr.open_group(str(tmp_path / "stack.zarr"), mode="w", zarr_format=request.param)
    for name, width in (("conv10", 2), ("conv2", 3)):
        array = made.create_array(name, shape=(4, width), dtype="float32", chunks=(2, 2))
        array[...] = np.arange(4 * width, dtype=np.float32).reshape(4, width)
    return tmp_path / "stack.zarr"


def test_reads_a_group(group):
    back = load(group, labels=[0, 1, 0, 1])
    assert back.layers == ("conv2", "conv10")
    assert "guessed" in back.warnings[0]
    np.testing.assert_array_equal(back["conv2"], np.arange(12).reshape(4, 3))
    assert back["conv2"].dtype == np.float32
    assert load(group, layers=["conv10", "conv2"]).layers == ("conv10", "conv2")


def test_without_zarr(group, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(MissingExtraError, match="pip install zarr;") as caught:
        load(group)
    assert caught.value.argument == "zarr"


def test_wrong_groups(tmp_path):
    zarr.open_group(str(tmp_path / "empty"), mode="w")
    with pytest.raises(InvalidInputError, match="at least one array"):
        load(tmp_path / "empty")
    zarr.create_array(str(tmp_path / "array"), shape=(2, 2), dtype="f4")
    with pytest.raises(InvalidInputError, match="must be a zarr group"):
        load(tmp_path / "array")
    counts = zarr.open_group(str(tmp_path / "counts"), mode="w")
    counts.create_array("a", shape=(2, 2), dtype="uint16")
    with pytest.raises(InvalidInputError, match=r"layer 'a': .*uint16"):
        load(tmp_path / "counts")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "zarr.json").write_text("{" * 5000)
    with pytest.raises(InvalidInputError, match="must be JSON"):
        load(tmp_path / "broken")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "zarr.json").write_text('{"a":' * 100_000)
    with pytest.raises(InvalidInputError, match="must be JSON"):
        load(tmp_path / "deep")


def test_a_declared_flood_is_not_unpacked(tmp_path):
    bomb = zarr.open_group(str(tmp_path / "bomb"), mode="w")
    bomb.create_array("a", shape=(2**20, 2**20), dtype="f4", chunks=(1024, 1024))
    with pytest.raises(InvalidInputError, match="must not unpack"):
        load(tmp_path / "bomb")


class Loud:
    """Writes a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("spelled", ['"pickle"', '"\\u0070ickle"', '"Pickle"'])
def test_pickle_is_never_run(tmp_path, spelled):
    folder = tmp_path / "stack"
    (folder / "a").mkdir(parents=True)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    told = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None,
        "order": "C", "compressor": None, "filters": [{"id": "FILTER", "protocol": 5}],
    }  # fmt: skip
    (folder / "a" / ".zarray").write_text(json.dumps(told).replace('"FILTER"', spelled))
    (folder / "a" / "0").write_bytes(pickle.dumps(np.array([Loud(tmp_path / "ran")], dtype=object)))
    with pytest.raises(InvalidInputError, match="pickle"):
        load(folder)
    assert not (tmp_path / "ran").exists()
