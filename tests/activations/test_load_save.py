"""What is saved comes back; what others saved is read."""

import json
import os
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from layerscope import Activations, bfloat16, load
from layerscope._arrays import BFloat16Array, as_matrix
from layerscope.errors import InvalidInputError, MissingExtraError

GUESSED = "The order of the layers is guessed from their names; pass layers= to set it."
WORDS = np.array([[0x3F80, 0xC000], [0x0001, 0x7F80], [0x8000, 0x4049]], dtype=np.uint16)
NAMES = ["z", "../../escape", "a b/c\\d", "act#2", "é", "nul\0byte", ".hidden", "CON", "x" * 300]


def stack(**kwargs):
    rng = np.random.default_rng(3)
    layers = {
        "conv10": rng.normal(size=(3, 5)).astype(np.float16),
        "conv2": np.asfortranarray(rng.normal(size=(3, 4)).astype(np.float32)),
        "fc": rng.normal(size=(3, 7))[:, ::2],
        "head": bfloat16(WORDS),
    }
    return Activations(layers, **kwargs)


def raw(layer):
    return layer.words if isinstance(layer, BFloat16Array) else layer


def assert_same(back, made):
    assert back.layers == made.layers
    assert (back.labels, back.sample_ids) == (made.labels, made.sample_ids)
    for name in made:
        assert type(raw(back[name])) is np.memmap
        assert isinstance(back[name], BFloat16Array) == isinstance(made[name], BFloat16Array)
        assert raw(back[name]).dtype == raw(made[name]).dtype
        np.testing.assert_array_equal(raw(back[name]), raw(made[name]))


@pytest.fixture(params=["stack.safetensors", "stack", "stack.v1", "STACK.SafeTensors"])
def place(request, tmp_path):
    return tmp_path / request.param


@pytest.mark.parametrize(
    ("labels", "sample_ids"),
    [
        (None, None),
        ([0, 1, -(2**63)], ["a", "b", "\ud800"]),
        (["1", "é\0\n", ""], [2**64 - 1, "7", 7]),
        ([True, False, True], None),
        (np.array([1, 2, 3], dtype=np.uint8), np.array(["x", "y", "z"])),
    ],
)
def test_round_trip(place, labels, sample_ids):
    made = stack(labels=labels, sample_ids=sample_ids)
    made.save(place)
    back = load(place)
    assert_same(back, made)
    assert back.warnings == ()
    for kept, given_ in ((back.labels, made.labels), (back.sample_ids, made.sample_ids)):
        assert kept is None or [type(entry) for entry in kept] == [type(entry) for entry in given_]
    assert list(place.parent.iterdir()) == [place]


def test_paths_may_be_strings_and_relative(place, monkeypatch):
    monkeypatch.chdir(place.parent)
    stack().save(place.name)
    assert_same(load(place.name), stack())


@pytest.mark.parametrize("suffix", ["", ".safetensors"])
def test_awkward_names_stay_inside(tmp_path, suffix):
    home = tmp_path / "home"
    home.mkdir()
    made = Activations({name: np.full((2, 1), float(at)) for at, name in enumerate(NAMES)})
    made.save(home / f"stack{suffix}")
    assert list(tmp_path.iterdir()) == [home]
    assert [entry.name for entry in home.iterdir()] == [f"stack{suffix}"]
    back = load(home / f"stack{suffix}")
    assert_same(back, made)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        st.sampled_from([np.float16, np.float32, np.float64, None]),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 4),
)
def test_any_names_and_kinds(tmp_path_factory, kinds, width):
    folder = tmp_path_factory.mktemp("any")
    words = np.arange(3 * width, dtype=np.uint16).reshape(3, width)
    layers = {
        name: bfloat16(words) if kind is None else words.astype(kind)
        for name, kind in kinds.items()
    }
    made = Activations(layers)
    for place in (folder / "stack.safetensors", folder / "stack"):
        made.save(place)
        assert_same(load(place), made)


def test_the_library_reads_what_we_write(tmp_path):
    made = stack(labels=["a", "b", "c"])
    made.save(tmp_path / "stack.safetensors")
    with safe_open(tmp_path / "stack.safetensors", framework="numpy") as file:
        assert set(file.keys()) == set(made.layers)
        for name in ("conv10", "conv2", "fc"):
            np.testing.assert_array_equal(file.get_tensor(name), made[name])
        assert json.loads(file.metadata()["layerscope"])["layers"] == list(made.layers)


def test_every_saved_value_is_aligned(tmp_path):
    layers = {"a": np.ones((3, 1), np.float16), "b": np.ones((3, 1)), "c": np.ones((1, 3)).T}
    Activations(layers).save(tmp_path / "stack.safetensors")
    back = load(tmp_path / "stack.safetensors")
    assert all(back[name].flags.aligned for name in back)


def test_values_of_others_may_lie_askew(tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    header = b'{"a":{"dtype":"F64","shape":[3,2],"data_offsets":[0,48]}}'
    header += b" " * ((4 - len(header)) % 8 + 1)
    data = len(header).to_bytes(8, "little") + header + values.tobytes()
    (tmp_path / "s.safetensors").write_bytes(data)
    back = load(tmp_path / "s.safetensors")["a"]
    assert not back.flags.aligned
    np.testing.assert_array_equal(back, values)
    assert as_matrix(back).flags.aligned


def test_numpy_reads_what_we_write(tmp_path):
    made = stack()
    made.save(tmp_path / "stack")
    np.testing.assert_array_equal(np.load(tmp_path / "stack" / "conv2.npy"), made["conv2"])
    np.testing.assert_array_equal(np.load(tmp_path / "stack" / "head.npy"), WORDS)


def test_reads_what_the_library_writes(tmp_path):
    tensors = {
        "layer10": np.arange(6, dtype=np.float32).reshape(3, 2),
        "layer9": WORDS.view(ml_dtypes.bfloat16),
        "count": np.arange(3, dtype=np.int64).reshape(3, 1),
        "flag": np.array([[True], [False], [True]]),
    }
    save_file(tensors, tmp_path / "others.safetensors", metadata={"format": "pt"})
    back = load(tmp_path / "others.safetensors", labels=[1, 2, 3])
    assert back.layers == ("count", "flag", "layer9", "layer10")
    assert back.warnings == (GUESSED,)
    assert back.labels == (1, 2, 3)
    np.testing.assert_array_equal(back["layer9"].words, WORDS)
    np.testing.assert_array_equal(back["count"], [[0.0], [1.0], [2.0]])
    np.testing.assert_array_equal(back["flag"], [[1.0], [0.0], [1.0]])


@pytest.fixture
def folder(tmp_path):
    for name in ("conv10", "conv2", "conv1"):
        np.save(tmp_path / f"{name}.npy", np.full((3, 2), float(name[4:])))
    return tmp_path


def test_order_of_a_folder(folder):
    guessed = load(folder)
    assert guessed.layers == ("conv1", "conv2", "conv10")
    assert guessed.warnings == (GUESSED,)
    assert guessed.select(["conv1"]).warnings == (GUESSED,)
    assert guessed.subset([0]).warnings == (GUESSED,)
    told = load(folder, layers=["conv10", "conv1"])
    assert told.layers == ("conv10", "conv1")
    assert told.warnings == ()
    assert told["conv10"][0, 0] == 10.0


def test_saved_order_comes_first(place):
    stack().save(place)
    chosen = load(place, layers=["conv10", "head"])
    assert chosen.layers == ("conv10", "head")
    assert chosen.warnings == ()
    turned = load(place, layers=["head", "conv10"])
    assert turned.layers == ("conv10", "head")
    assert "order saved" in turned.warnings[0]


def test_one_layer_needs_no_order(folder):
    back = load(folder / "conv10.npy")
    assert back.layers == ("conv10",)
    assert back.warnings == ()


def test_several_files_are_layers_in_the_order_given(folder):
    back = load([folder / "conv2.npy", str(folder / "conv1.npy")])
    assert back.layers == ("conv2", "conv1")
    assert back.warnings == ()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f2", "<i4", "u1", "?"])
def test_kinds_of_npy(tmp_path, kind, order):
    values = np.array([[0, 1, 1], [1, 0, 1]]).astype(kind)
    np.save(tmp_path / "a.npy", np.asarray(values, order=order))
    back = load(tmp_path / "a.npy")["a"]
    np.testing.assert_array_equal(back, values.astype(float))
    assert back.dtype.isnative
    assert isinstance(back, np.memmap) == (kind.startswith("<f"))


def test_version_two_headers(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, np.eye(2), version=(2, 0))
    np.testing.assert_array_equal(load(tmp_path / "a.npy")["a"], np.eye(2))


def test_hidden_and_other_files_are_passed_over(folder):
    (folder / "._conv1.npy").write_bytes(b"finder")
    (folder / "README.md").write_text("notes")
    assert load(folder).layers == ("conv1", "conv2", "conv10")


def test_a_label_file_in_the_folder_is_no_layer(folder):
    np.save(folder / "labels.npy", [5, 6, 7])
    back = load(folder, labels=folder / "labels.npy")
    assert back.layers == ("conv1", "conv2", "conv10")
    assert back.labels == (5, 6, 7)
    with pytest.raises(InvalidInputError, match=r"layer 'labels': .*pass labels with labels="):
        load(folder)


def test_given_labels_replace_saved_ones(place):
    stack(labels=[1, 2, 3], sample_ids=["a", "b", "c"]).save(place)
    back = load(place, labels=["x", "y", "z"])
    assert back.labels == ("x", "y", "z")
    assert back.sample_ids == ("a", "b", "c")


def test_files_beside_a_saved_stack_are_left_out_and_told(tmp_path):
    stack().save(tmp_path / "stack")
    np.save(tmp_path / "stack" / "zzz.npy", np.ones((3, 1)))
    back = load(tmp_path / "stack")
    assert back.layers == stack().layers
    assert "zzz.npy" in back.warnings[0]


def test_a_folder_of_safetensors(tmp_path):
    save_file({"b2": np.ones((3, 1), np.float32)}, tmp_path / "one.safetensors")
    save_file({"b10": np.ones((3, 1), np.float32)}, tmp_path / "a.safetensors")
    back = load(tmp_path)
    assert back.layers == ("b2", "b10")
    assert back.warnings == (GUESSED,)
    (tmp_path / "a.safetensors").unlink()
    assert load(tmp_path).layers == ("b2",)


def test_a_folder_with_one_saved_stack(tmp_path):
    stack(labels=[1, 2, 3]).save(tmp_path / "stack.safetensors")
    assert_same(load(tmp_path), stack(labels=[1, 2, 3]))


def test_pooling_while_loading(tmp_path):
    maps = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    save_file({"conv": maps, "fc": maps[:, :, 0, 0].copy()}, tmp_path / "s.safetensors")
    back = load(tmp_path / "s.safetensors", layout="NCHW", pool="mean")
    np.testing.assert_array_equal(back["conv"], maps.mean(axis=(2, 3)))
    np.testing.assert_array_equal(back["fc"], maps[:, :, 0, 0])
    with pytest.raises(InvalidInputError, match=r"layer 'conv': .*layout= and pool="):
        load(tmp_path / "s.safetensors")
    with pytest.raises(InvalidInputError, match="layer 'conv': X must have 3 axes"):
        load(tmp_path / "s.safetensors", layout="NTC", pool="mean")


def test_saving_over_itself(place):
    stack(labels=[1, 2, 3]).save(place)
    back = load(place)
    back.subset([2, 0]).save(place)
    again = load(place)
    assert again.labels == (3, 1)
    np.testing.assert_array_equal(again["conv2"], stack()["conv2"][[2, 0]])
    assert list(place.parent.iterdir()) == [place]


def test_a_smaller_stack_replaces_a_larger_one(tmp_path):
    stack().save(tmp_path / "stack")
    stack().select(["fc"]).save(tmp_path / "stack")
    assert load(tmp_path / "stack").layers == ("fc",)
    assert sorted(os.listdir(tmp_path / "stack")) == ["fc.npy", "layerscope.json"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "stack").mkdir()
    stack().save(tmp_path / "stack")
    assert_same(load(tmp_path / "stack"), stack())


def tree(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "foreign", ["notes.txt", "other.npy", ".hidden", "layerscope.json", "fc.npy/x"]
)
@pytest.mark.parametrize("stacked", [False, True])
def test_nobodys_files_are_deleted(tmp_path, foreign, stacked):
    target = tmp_path / "stack"
    if stacked:
        stack().select(["conv2"]).save(target)
    (target / foreign).parent.mkdir(exist_ok=True, parents=True)
    (target / foreign).write_text("precious")
    before = tree(tmp_path)
    with pytest.raises(InvalidInputError, match="path must be a new folder") as caught:
        stack().save(target)
    assert caught.value.argument == "path"
    assert tree(tmp_path) == before


def test_a_link_to_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InvalidInputError, match="must be a folder"):
        stack().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


class Interrupted(BaseException):
    pass


def test_nothing_half_written_stays(place, monkeypatch):
    stack(labels=[1, 2, 3]).save(place)
    before = tree(place.parent)

    def interrupt(descriptor):
        raise Interrupted

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(Interrupted):
        stack().save(place)
    with pytest.raises(Interrupted):
        stack().save(place.with_name(f"new{place.suffix}"))
    assert tree(place.parent) == before
    assert list(place.parent.iterdir()) == [place]


def test_names_that_differ_in_case_are_safe(tmp_path):
    made = Activations({"a": np.zeros((2, 1)), "A": np.ones((2, 1))})
    made.save(tmp_path / "s.safetensors")
    assert_same(load(tmp_path / "s.safetensors"), made)
    if (tmp_path / "S.safetensors").exists():  # a file system that does not tell them apart
        with pytest.raises(InvalidInputError, match="differ in more than case"):
            made.save(tmp_path / "s")
    else:
        made.save(tmp_path / "s")
        assert_same(load(tmp_path / "s"), made)


def test_without_the_safetensors_library(tmp_path, monkeypatch):
    stack().save(tmp_path / "s.safetensors")
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match="pip install safetensors"):
        load(tmp_path / "s.safetensors")
    stack().save(tmp_path / "s")
    assert_same(load(tmp_path / "s"), stack())
