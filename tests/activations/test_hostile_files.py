"""Files made to break a reader: one error each, nothing run, nothing unpacked."""

import contextlib
import json
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import Activations, load
from layerscope.errors import InvalidInputError

GOOD = Activations({"b": np.ones((3, 2), np.float32), "a": np.ones((3, 1))}, labels=[1, 2, 3])


class Loud:
    """Writes a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def npy(header, data=b"", magic=b"\x93NUMPY\x01\x00"):
    text = header if isinstance(header, bytes) else header.encode("latin1")
    return magic + struct.pack("<H", len(text)) + text + data


def npy_of(shape, descr="<f4", data=b"", order="False"):
    return npy(f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n", data)


def tensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape=(2, 2), kind="F32", begin=0, end=16):
    return {"dtype": kind, "shape": list(shape), "data_offsets": [begin, end]}


def saved(told):
    text = told if isinstance(told, str) else json.dumps(told)
    header = {"__metadata__": {"layerscope": text}, "a": tensor()}
    return tensors(header, bytes(16))


def told(**changed):
    return {
        "format": 1, "layers": ["a"], "labels": None, "sample_ids": None, "bfloat16": [], **changed,
    }  # fmt: skip


SIXTEEN = bytes(16)
FILES = {
    "empty.npy": (b"", ".npy file"),
    "text.npy": (b"1 2 3\n4 5 6\n", ".npy file"),
    "magic.npy": (b"\x93NUMPY", ".npy file"),
    "version.npy": (npy("", magic=b"\x93NUMPY\x09\x00"), ".npy file"),
    "cut_header.npy": (npy_of((2, 2))[:30], ".npy file"),
    "cut.npy": (npy_of((2, 2), data=bytes(15)), "as many bytes"),
    "flood.npy": (npy_of((2**40, 2**20), data=SIXTEEN), "as many bytes"),
    "overflow.npy": (npy_of((2**62, 4), data=SIXTEEN), "as many bytes"),
    "overflow64.npy": (npy_of((2**64, 2**64), data=SIXTEEN), "as many bytes"),
    "negative.npy": (npy_of((-2, -2), data=SIXTEEN), "as many bytes"),
    "text_shape.npy": (npy_of("('a', 2)", data=SIXTEEN), ".npy file"),
    "code.npy": (npy("__import__('os').getcwd()\n", SIXTEEN), ".npy file"),
    "unclosed.npy": (npy("{'descr': (((((\n", SIXTEEN), ".npy file"),
    "nested.npy": (npy("(" * 9000 + ")" * 9000 + "\n", SIXTEEN), ".npy file"),
    "long.npy": (npy("{" + " " * 60_000 + "}\n", SIXTEEN), ".npy file"),
    "latin.npy": (npy(b"\xff\xfe\x00\n", SIXTEEN), ".npy file"),
    "keys.npy": (npy("{'descr': '<f4'}\n", SIXTEEN), ".npy file"),
    "kind.npy": (npy_of((2, 2), "<q9", SIXTEEN), ".npy file"),
    "rows.npy": (npy_of((0, 4)), "at least one row"),
    "columns.npy": (npy_of((4, 0)), "at least one row"),
    "scalar.npy": (npy_of("()", data=SIXTEEN), "matrices"),
    "vector.npy": (npy_of("(4,)", data=SIXTEEN), "matrices"),
    "maps.npy": (npy_of((1, 1, 2, 2), data=SIXTEEN), "layout="),
    "complex.npy": (npy_of((1, 2), "<c8", SIXTEEN), "real numbers"),
    "strings.npy": (npy_of((1, 2), "<U2", SIXTEEN), "real numbers"),
    "dates.npy": (npy_of((1, 2), "<M8[s]", SIXTEEN), "real numbers"),
    "long_double.npy": (npy_of((1, 1), "<f16", SIXTEEN), "real numbers"),
    "words.npy": (npy_of((2, 2), "<u2", SIXTEEN), "must not hold uint16"),
    "marked.npy": (npy_of((2, 2), "|V2", SIXTEEN), "bfloat16"),
    "fields.npy": (npy_of((1, 2), [("x", "<f4"), ("y", "<f4")], SIXTEEN), "real numbers"),
    "integers.npy": (npy_of((1, 2), "<i8", b"\x7f" * 16), "2**53"),
    "empty.safetensors": (b"", "sound"),
    "text.safetensors": (b"1 2 3\n4 5 6\n", "sound"),
    "short.safetensors": (b"\x01\x00", "sound"),
    "oversized.safetensors": (tensors({}, length=2**40), "sound"),
    "overflow.safetensors": (tensors({}, length=2**64 - 1), "sound"),
    "beyond.safetensors": (tensors({}, length=500), "sound"),
    "no_json.safetensors": (tensors(b"{'a': 1}"), "sound"),
    "list.safetensors": (tensors([]), "sound"),
    "nested.safetensors": (tensors(b'{"a":' * 50_000), "sound"),
    "cut.safetensors": (tensors({"a": tensor()}, bytes(15)), "sound"),
    "trailing.safetensors": (tensors({"a": tensor()}, bytes(17)), "sound"),
    "overlap.safetensors": (
        tensors({"a": tensor(), "b": tensor(begin=8, end=24)}, bytes(24)),
        "sound",
    ),
    "hole.safetensors": (
        tensors({"a": tensor(), "b": tensor(begin=24, end=40)}, bytes(40)),
        "sound",
    ),
    "backwards.safetensors": (tensors({"a": tensor(begin=16, end=0)}, SIXTEEN), "sound"),
    "size.safetensors": (tensors({"a": tensor((2, 3))}, SIXTEEN), "sound"),
    "flood.safetensors": (tensors({"a": tensor((2**40, 2**40))}, SIXTEEN), "sound"),
    "negative.safetensors": (tensors({"a": tensor((-2, -2))}, SIXTEEN), "sound"),
    "unknown.safetensors": (tensors({"a": tensor(kind="PICKLE")}, SIXTEEN), "sound"),
    "float8.safetensors": (tensors({"a": tensor((4, 4), "F8_E4M3")}, SIXTEEN), "known kind"),
    "complex.safetensors": (tensors({"a": tensor((1, 2), "C64")}, SIXTEEN), "known kind"),
    "words.safetensors": (tensors({"a": tensor((2, 4), "U16")}, SIXTEEN), "uint16"),
    "no_tensor.safetensors": (tensors({}), "at least one layer"),
    "rows.safetensors": (tensors({"a": tensor((0, 4), end=0)}), "at least one row"),
    "vector.safetensors": (tensors({"a": tensor((4,))}, SIXTEEN), "matrices"),
    "unnamed.safetensors": (tensors({"": tensor()}, SIXTEEN), "every tensor a name"),
    "told_text.safetensors": (saved("{"), "Activations.save"),
    "told_nested.safetensors": (saved("[" * 100_000), "Activations.save"),
    "told_list.safetensors": (saved([]), "Activations.save"),
    "told_digits.safetensors": (saved('{"format": ' + "9" * 5000 + "}"), "Activations.save"),
    "told_future.safetensors": (saved(told(format=2)), "saved in format 1"),
    "told_bool.safetensors": (saved(told(format=True)), "Activations.save"),
    "told_none.safetensors": (saved(told(layers=[])), "Activations.save"),
    "told_twice.safetensors": (saved(told(layers=["a", "a"])), "Activations.save"),
    "told_numbers.safetensors": (saved(told(layers=[1])), "Activations.save"),
    "told_mapping.safetensors": (saved(told(layers={"a": 1})), "Activations.save"),
    "told_missing.safetensors": (saved(told(layers=["a", "b"])), "every layer"),
    "told_floats.safetensors": (saved(told(labels=[0.5, 1])), "Activations.save"),
    "told_lists.safetensors": (saved(told(labels=[[], []])), "Activations.save"),
    "told_nothing.safetensors": (saved(told(labels=[None, None])), "Activations.save"),
    "told_words.safetensors": (saved(told(bfloat16=7)), "Activations.save"),
    "archive.npz": (b"PK\x03\x04", "npz"),
    "model.pt": (b"PK\x03\x04", "never unpickled"),
    "model.pkl": (pickle.dumps(1), "never unpickled"),
    "notes.txt": (b"1 2\n", "folder or a .npy"),
    "nosuffix": (b"1 2\n", "folder or a .npy"),
}


@pytest.mark.parametrize("name", FILES)
def test_one_error_that_names_the_file(tmp_path, name):
    data, rule = FILES[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInputError) as caught:
        load(tmp_path / name)
    error = caught.value
    assert error.argument == "path"
    assert rule in error.rule
    assert name in str(error.value)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("name", "rule"),
    [("told_labels.safetensors", "one entry per row"), ("told_ids.safetensors", "unique")],
)
def test_saved_entries_that_do_not_fit(tmp_path, name, rule):
    changed = {"labels": [1]} if "labels" in name else {"sample_ids": ["x", "x"]}
    (tmp_path / name).write_bytes(saved(told(**changed)))
    with pytest.raises(InvalidInputError, match=rule):
        load(tmp_path / name)


def test_objects_are_never_unpickled(tmp_path):
    for name in ("loud.npy", "renamed.npy", "loud.pkl", "loud.pt", "renamed.safetensors"):
        thing = Loud(tmp_path / "ran")
        if name == "loud.npy":
            np.save(tmp_path / name, np.array([[thing]], dtype=object), allow_pickle=True)
        else:
            (tmp_path / name).write_bytes(pickle.dumps(thing))
        with pytest.raises(InvalidInputError) as caught:
            load(tmp_path / name)
        assert caught.value.argument == "path"
        assert not (tmp_path / "ran").exists()


def test_nothing_is_allocated_for_what_is_only_declared(tmp_path):
    for name in ("flood.npy", "flood.safetensors", "oversized.safetensors"):
        (tmp_path / name).write_bytes(FILES[name][0])
        tracemalloc.start()
        with pytest.raises(InvalidInputError):
            load(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 22


def test_only_layers_asked_for_are_touched(tmp_path):
    header = {"bad": tensor((4, 4), "F8_E4M3"), "good": tensor(begin=16, end=32)}
    (tmp_path / "mixed.safetensors").write_bytes(tensors(header, bytes(32)))
    assert load(tmp_path / "mixed.safetensors", layers=["good"]).layers == ("good",)
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "good.npy", np.ones((2, 2)))
    (tmp_path / "folder" / "bad.npy").write_bytes(b"")
    assert load(tmp_path / "folder", layers=["good"]).layers == ("good",)
    with pytest.raises(InvalidInputError, match="layer 'bad'"):
        load(tmp_path / "folder")


def test_layer_names_in_metadata_do_not_leave_the_folder(tmp_path):
    np.save(tmp_path / "secret.npy", np.ones((2, 2)))
    (tmp_path / "stack").mkdir()
    np.save(tmp_path / "stack" / "a.npy", np.ones((2, 2)))
    for name in ("../secret", str(tmp_path / "secret"), "..", "\0"):
        text = json.dumps(told(layers=["a", name]))
        (tmp_path / "stack" / "layerscope.json").write_text(text)
        with pytest.raises(InvalidInputError, match="every layer"):
            load(tmp_path / "stack")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', "\x00", '{"a":' * 100_000])
def test_broken_folder_metadata(tmp_path, text):
    GOOD.save(tmp_path / "stack")
    (tmp_path / "stack" / "layerscope.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"layerscope\.json"):
        load(tmp_path / "stack")


def test_metadata_in_another_encoding(tmp_path):
    GOOD.save(tmp_path / "stack")
    (tmp_path / "stack" / "layerscope.json").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(InvalidInputError, match=r"layerscope\.json"):
        load(tmp_path / "stack")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_do_not_block(tmp_path):
    for name in ("a.npy", "a.safetensors", "l.csv"):
        os.mkfifo(tmp_path / name)
    for name in ("a.npy", "a.safetensors"):
        with pytest.raises(InvalidInputError, match="regular file"):
            load(tmp_path / name)
    np.save(tmp_path / "good.npy", np.ones((2, 2)))
    with pytest.raises(InvalidInputError, match="regular file"):
        load(tmp_path / "good.npy", labels=tmp_path / "l.csv")
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "layerscope.json")
    np.save(folder / "a.npy", np.ones((2, 2)))
    with pytest.raises(InvalidInputError, match="regular file"):
        load(folder)


def test_links_to_nowhere_and_to_themselves(tmp_path):
    (tmp_path / "gone.npy").symlink_to(tmp_path / "nowhere.npy")
    (tmp_path / "loop.npy").symlink_to(tmp_path / "loop.npy")
    for name in ("gone.npy", "loop.npy"):
        with pytest.raises(InvalidInputError, match="path must") as caught:
            load(tmp_path / name)
        assert name in str(caught.value.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_what_may_not_be_read(tmp_path):
    GOOD.save(tmp_path / "stack")
    GOOD.save(tmp_path / "stack.safetensors")
    (tmp_path / "stack" / "b.npy").chmod(0)
    (tmp_path / "stack.safetensors").chmod(0)
    for name in ("stack", "stack.safetensors"):
        with pytest.raises(InvalidInputError, match="path must"):
            load(tmp_path / name)
    (tmp_path / "stack").chmod(0)
    with pytest.raises(InvalidInputError, match="path must"):
        load(tmp_path / "stack")
    (tmp_path / "stack").chmod(0o700)


def survives(path):
    """Load a damaged file: an error of ours, or layers that can be read to the last byte."""
    with contextlib.suppress(InvalidInputError):
        back = load(path)
        assert all(np.asarray(back[name]).sum() is not None for name in back)


@given(st.data())
@pytest.mark.parametrize("suffix", ["npy", "safetensors"])
def test_damage_anywhere(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("damage") / f"s.{suffix}"
    if suffix == "npy":
        np.save(path, np.ones((3, 2), np.float32))
    else:
        GOOD.save(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] = data.draw(st.integers(0, 255))
    else:
        del content[place:]
    path.write_bytes(content)
    survives(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os'),)}\n",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)} + (lambda: 0)\n",
        "{'descr': object(), 'fortran_order': False, 'shape': (1, 2)}\n",
        "(" * 200,
    ],
)
def test_no_object_of_a_header_is_printed(tmp_path, header):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(header, b"\0" * 64))
    with pytest.raises(InvalidInputError) as caught:
        load(path)
    found = f"{path}, whose header cannot be read"
    assert str(caught.value) == f"layer 'a': path must be a .npy file; got {found}"


def test_an_axis_of_true_is_no_shape(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_of("(True, 2)", data=b"\0" * 64))
    with pytest.raises(InvalidInputError, match=r"of shape \(True, 2\)"):
        load(path)
