"""Names of layers in order, and as files."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope.activations._names import file_stem, natural_order


def test_numbers_count_as_numbers():
    names = ["layer10.1", "layer2.10", "layer2.9", "fc", "layer1", "Layer1", "layer", "2", "10"]
    assert natural_order(names) == [
        "2", "10", "fc", "layer", "Layer1", "layer1", "layer2.9", "layer2.10", "layer10.1",
    ]  # fmt: skip


def test_numbers_of_any_length_and_alphabet():
    names = ["a" + "9" * 10_000, "a1" + "0" * 10_000, "a٣", "a007", "a7", "a²"]
    assert natural_order(names)[:2] == ["a007", "a7"]
    assert natural_order(names).index(names[0]) < natural_order(names).index(names[1])


@given(st.lists(st.text(max_size=6)))
def test_order_is_total(names):
    assert natural_order(names) == natural_order(list(reversed(names)))


@pytest.mark.parametrize("name", ["conv1", "block1.conv-2", "act_3", "layer4.0.conv1"])
def test_ordinary_names_stay(name):
    assert file_stem(name) == name


def test_the_hash_of_a_class_name_is_written_out():
    assert file_stem("act#2") == "act%232"


@given(st.text(st.characters(), min_size=1, max_size=400))
def test_stems_stay_in_their_folder(name):
    stem = file_stem(name)
    assert os.path.basename(stem) == stem
    assert stem not in (".", "..")
    assert not stem.startswith(".")
    assert stem.isascii()
    assert 0 < len(stem) <= 200
    assert not set(stem) & set('/\\:*?"<>|\0')
    assert stem.split(".")[0].upper() not in ("CON", "NUL", "AUX", "PRN", "COM1", "LPT9")


@given(st.sets(st.text(st.characters(), min_size=1), max_size=20))
def test_different_names_give_different_stems(names):
    assert len({file_stem(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["CON", "con", "nul.x", "..", ".hidden", "é" * 500])
def test_awkward_names(name):
    stem = file_stem(name)
    assert len(stem) <= 200
    assert stem != name
    assert stem[0] == "%"
