"""Activations: a frozen mapping of named layers."""

import copy
import pickle

import numpy as np
import pytest

from layerscope import Activations, bfloat16
from layerscope._arrays import BFloat16Array
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError


def stack(**kwargs):
    layers = {"conv2": np.arange(12, dtype=np.float32).reshape(4, 3), "conv10": np.ones((4, 2))}
    return Activations(layers, **kwargs)


def test_keeps_order_kinds_and_the_very_arrays():
    words = np.full((2, 3), 0x3F80, dtype=np.uint16)
    given = {
        "z": np.ones((2, 1), dtype=np.float16),
        "a": np.asfortranarray(np.ones((2, 5), dtype=np.float32)),
        "m": bfloat16(words),
        "i": [[1, 2], [3, 4]],
    }
    made = Activations(given)
    assert made.layers == ("z", "a", "m", "i")
    assert list(made) == ["z", "a", "m", "i"]
    assert len(made) == 4
    assert made["z"] is given["z"]
    assert made["a"] is given["a"]
    assert made["m"].words is words
    np.testing.assert_array_equal(made["i"], [[1.0, 2.0], [3.0, 4.0]])
    assert made.n_samples == 2
    assert made.sample_ids is None
    assert made.labels is None
    assert made.warnings == ()


def test_is_a_frozen_mapping():
    made = stack(labels=[0, 0, 1, 1])
    assert "conv2" in made
    assert "fc" not in made
    assert made.get("fc") is None
    assert dict(made.items()).keys() == {"conv2", "conv10"}
    with pytest.raises(KeyError):
        made["fc"]
    with pytest.raises(AttributeError):
        made.labels = [1, 1, 1, 1]
    with pytest.raises(AttributeError):
        made.anything = 1
    with pytest.raises(TypeError):
        made["fc"] = np.ones((4, 1))
    assert made == made
    assert made != stack(labels=[0, 0, 1, 1])
    assert len({made, made}) == 1


def test_a_later_change_of_the_callers_mapping_changes_nothing():
    given = {"a": np.ones((2, 2))}
    made = Activations(given)
    given["b"] = np.ones((3, 3))
    assert made.layers == ("a",)


@pytest.mark.parametrize(
    "through", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_survives_copies(through):
    made = stack(labels=list("aabb"), sample_ids=[4, 3, 2, 1])
    back = through(made)
    assert back.layers == made.layers
    assert (back.labels, back.sample_ids) == (made.labels, made.sample_ids)
    np.testing.assert_array_equal(back["conv2"], made["conv2"])


def test_labels_and_ids_become_python_objects():
    made = stack(labels=np.array([1, 1, 2, 2], dtype=np.uint8), sample_ids=np.array(list("abcd")))
    assert made.labels == (1, 1, 2, 2)
    assert all(type(label) is int for label in made.labels)
    assert made.sample_ids == ("a", "b", "c", "d")
    assert all(type(entry) is str for entry in made.sample_ids)
    assert stack(labels=[("a", 1), "b", 3, frozenset()]).labels == (("a", 1), "b", 3, frozenset())


def test_a_stack_of_a_stack_inherits():
    first = stack(labels=list("aabb"), sample_ids=[4, 3, 2, 1])
    again = Activations(first)
    assert again.labels == first.labels
    assert again.sample_ids == first.sample_ids
    relabelled = Activations(first, labels=[1, 2, 3, 4])
    assert relabelled.labels == (1, 2, 3, 4)
    assert relabelled.sample_ids == first.sample_ids


def test_select_takes_names_in_the_order_named():
    made = stack(labels=list("aabb"), sample_ids=[4, 3, 2, 1]).select(("conv10", "conv2"))
    assert made.layers == ("conv10", "conv2")
    assert made.labels == ("a", "a", "b", "b")
    assert made.sample_ids == (4, 3, 2, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [3, 0],
        np.array([-1, 0], dtype=np.int8),
        np.array([3, 0], dtype=np.uint64),
        slice(None, None, -3),
    ],
)
def test_subset_by_numbers(rows):
    whole = stack(labels=list("abcd"), sample_ids=[10, 11, 12, 13])
    made = whole.subset(rows)
    assert made.n_samples == 2
    assert made.labels == ("d", "a")
    assert made.sample_ids == (13, 10)
    np.testing.assert_array_equal(made["conv2"], whole["conv2"][[3, 0]])


def test_subset_by_mask_keeps_order():
    whole = stack(labels=list("abcd"))
    made = whole.subset(np.array([True, False, False, True]))
    assert made.labels == ("a", "d")
    np.testing.assert_array_equal(made["conv2"], whole["conv2"][[0, 3]])


def test_rows_may_repeat_without_ids_only():
    assert stack(labels=list("abcd")).subset([1, 1]).labels == ("b", "b")
    with pytest.raises(InvalidInputError) as caught:
        stack(sample_ids=list("abcd")).subset([1, 1])
    assert caught.value.argument == "sample_ids"


def test_subset_of_bfloat16_stays_bfloat16():
    words = np.arange(6, dtype=np.uint16).reshape(3, 2)
    made = Activations({"a": bfloat16(words)}).subset([2])
    assert isinstance(made["a"], BFloat16Array)
    np.testing.assert_array_equal(made["a"].words, [[4, 5]])


@pytest.mark.parametrize("marked", [False, True])
def test_subset_of_a_memory_map_is_read_when_asked_for(tmp_path, marked):
    kind = np.uint16 if marked else np.float32
    mapped = np.memmap(tmp_path / "layer", dtype=kind, mode="w+", shape=(4, 2))
    mapped[:] = np.arange(8).reshape(4, 2)
    whole = Activations({"a": bfloat16(mapped) if marked else mapped})
    made = whole.subset([3, 1]).subset([1])
    assert made.n_samples == 1
    mapped[1] = 9  # a subset made now and read later sees what the file holds later
    layer = made["a"].words if marked else made["a"]
    np.testing.assert_array_equal(layer, [[9, 9]])
    assert not isinstance(layer, np.memmap)
    assert repr(made).splitlines()[1].split()[-3:] == ["1", "×", "2"]
    assert Activations(made).n_samples == 1


def test_repr_says_what_there_is():
    shown = repr(stack(labels=list("aabb"), sample_ids=[1, 2, 3, 4]))
    assert shown.splitlines() == [
        "Activations of 2 layers, 4 samples, labels of 2 classes, with sample ids",
        "  conv2   float32  4 × 3",
        "  conv10  float64  4 × 2",
    ]


class Computed:
    """Stands for Neighbors: something with rows that is no array."""

    n_samples = 4


def test_as_stack_gives_a_plain_dictionary():
    made = stack()
    plain = as_stack(made)
    assert type(plain) is dict
    assert list(plain) == ["conv2", "conv10"]
    assert plain["conv2"] is made["conv2"]
    computed = Computed()
    mixed = as_stack({"a": np.ones((4, 2)), "b": computed})
    assert mixed["b"] is computed


def test_as_stack_compares_lengths_with_what_was_computed():
    with pytest.raises(InvalidInputError, match="3 rows in 'a', 4 in 'b'"):
        as_stack({"a": np.ones((3, 2)), "b": Computed()})
    with pytest.raises(TypeError, match="layer 'b'"):
        Activations({"a": np.ones((4, 2)), "b": Computed()})
