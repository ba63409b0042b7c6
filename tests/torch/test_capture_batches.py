"""Batches of every kind: what the model gets, which labels, ids and masks belong to the rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from layerscope.errors import InvalidInputError, InvalidTypeError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch.utils.data import (  # noqa: E402
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from layerscope.torch import capture  # noqa: E402

nn = torch.nn
N = 20
POINTS = torch.arange(2.0 * N).reshape(N, 2)
LABELS = torch.arange(N) % 3


def one_input():
    return nn.Sequential(nn.Identity())


class Two(nn.Module):
    """Takes two inputs, the second by name if need be."""

    def __init__(self):
        super().__init__()
        self.sum = nn.Identity()

    def forward(self, a, b):
        return self.sum(a + b.reshape(len(a), -1))


class Maybe(Two):
    def forward(self, a, b=None):
        return self.sum(a if b is None else a + b)


@pytest.mark.parametrize("settings", [{}, {"num_workers": 2}, {"drop_last": True}])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_loader_gives_labels_and_ids_right_also_when_it_shuffles(shuffle, settings):
    loader = DataLoader(TensorDataset(POINTS, LABELS), batch_size=7, shuffle=shuffle, **settings)
    stack = capture(one_input(), loader)
    rows = list(stack.sample_ids)
    assert stack.n_samples == (14 if settings.get("drop_last") else N)
    np.testing.assert_array_equal(stack["0"], POINTS[rows].numpy())
    assert stack.labels == tuple(LABELS[rows].tolist())
    assert (rows != sorted(rows)) == shuffle
    assert stack.warnings == ()


def test_ids_of_a_subset_and_of_bulk_loading_are_positions_in_the_dataset_given():
    part = Subset(TensorDataset(POINTS), range(10, 16))
    assert capture(one_input(), DataLoader(part, batch_size=4)).sample_ids == tuple(range(6))
    sampler = BatchSampler([5, 3, 8], batch_size=2, drop_last=False)
    whole = DataLoader(TensorDataset(POINTS), sampler=sampler, batch_size=None)
    stack = capture(one_input(), whole)
    assert stack.sample_ids == (5, 3, 8)
    np.testing.assert_array_equal(stack["0"], POINTS[[5, 3, 8]].numpy())


def test_ids_are_left_out_where_they_are_not_known():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(POINTS)

    assert capture(one_input(), DataLoader(Stream(), batch_size=4)).sample_ids is None
    assert capture(one_input(), [POINTS]).sample_ids is None
    loader = DataLoader(TensorDataset(POINTS, LABELS), batch_size=5)
    assert capture(one_input(), loader, ids=False).sample_ids is None
    repeats = WeightedRandomSampler([1.0, 1.0] + [0.0] * (N - 2), 6)
    twice = capture(one_input(), DataLoader(TensorDataset(POINTS), sampler=repeats, batch_size=3))
    assert twice.sample_ids is None
    assert "more than once" in twice.warnings[0]
    fewer = DataLoader(
        TensorDataset(POINTS), batch_size=5, collate_fn=lambda rows: torch.stack([rows[0][0]])
    )
    thinned = capture(one_input(), fewer)
    assert thinned.n_samples == 4
    assert thinned.sample_ids is None
    assert "other samples" in thinned.warnings[0]


@pytest.mark.parametrize(
    ("batches", "labels"),
    [
        ([(POINTS, LABELS)], LABELS.tolist()),
        ([[POINTS, LABELS]], LABELS.tolist()),
        ([(POINTS[:9], LABELS[:9]), (POINTS[9:], LABELS[9:])], LABELS.tolist()),
        ([(POINTS, LABELS.numpy())], LABELS.tolist()),
        ([(POINTS, [f"c{label}" for label in LABELS])], [f"c{label}" for label in LABELS]),
        ([(POINTS,)], None),
        ([[POINTS]], None),
        ([POINTS], None),
        (POINTS, None),
        (POINTS.numpy(), None),
        ([POINTS.numpy()], None),
        (iter([POINTS[:4], POINTS[4:]]), None),
        ([{"input": POINTS, "labels": LABELS}], LABELS.tolist()),
        ({"input": POINTS, "label": LABELS}, LABELS.tolist()),
    ],
    ids=range(14),
)
def test_one_input_in_many_kinds_of_batch(batches, labels):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = nn.Identity()

        def forward(self, input):  # noqa: A002
            return self.part(input)

    stack = capture(Named(), batches)
    np.testing.assert_array_equal(stack["part"], POINTS.numpy())
    assert stack.labels == (None if labels is None else tuple(labels))


@pytest.mark.parametrize(
    ("batch", "settings", "labelled"),
    [
        ((POINTS, POINTS), {}, False),
        ((POINTS, LABELS), {}, False),
        ((POINTS, POINTS, LABELS), {"labels": 2}, True),
        ((POINTS, POINTS, LABELS), {"labels": -1}, True),
        ((LABELS, POINTS, POINTS), {"labels": 0}, True),
        ({"a": POINTS, "b": POINTS}, {}, False),
        ({"a": POINTS, "b": POINTS, "labels": LABELS}, {}, True),
        ({"a": POINTS, "b": POINTS, "class": LABELS}, {"labels": "class"}, True),
        ({"b": POINTS, "a": POINTS}, {"labels": lambda batch: batch["a"][:, 0] > 9}, None),
        (POINTS, {"inputs": lambda x: (x, x)}, False),
        ((POINTS, LABELS), {"inputs": lambda batch: {"b": batch[0], "a": batch[0]}}, None),
    ],
    ids=range(11),
)
def test_two_inputs_in_many_kinds_of_batch(batch, settings, labelled):
    stack = capture(Two(), [batch], **settings)
    labels_enter = isinstance(batch, tuple) and batch[1] is LABELS and not settings
    second = LABELS[:, None] if labels_enter else POINTS
    np.testing.assert_array_equal(stack["sum"], (POINTS + second).numpy())
    if labelled is not None:
        assert stack.labels == (tuple(LABELS.tolist()) if labelled else None)


def test_a_second_entry_that_is_no_list_of_labels():
    target = torch.zeros(N, 4, 4)
    stack = capture(one_input(), [(POINTS, target)])
    assert stack.labels is None
    assert "no list of labels" in stack.warnings[0]
    with pytest.raises(InvalidInputError, match=r"batches must be plain when they are pairs"):
        capture(Maybe(), [(POINTS, POINTS)])
    doubled = capture(Maybe(), [(POINTS, POINTS)], inputs=tuple)
    np.testing.assert_array_equal(doubled["sum"], 2 * POINTS.numpy())
    np.testing.assert_array_equal(
        capture(Maybe(), [(POINTS, POINTS)], labels=False)["sum"], 2 * POINTS.numpy()
    )


def test_ids_from_the_batch():
    batch = {"input": POINTS, "name": [f"s{row}" for row in range(N)]}
    stack = capture(one_input(), [batch], ids="name")
    assert stack.sample_ids[:2] == ("s0", "s1")
    with pytest.raises(InvalidInputError, match=r"ids must have one entry per row \(20\)"):
        capture(one_input(), [POINTS], ids=lambda x: [1, 2])
    with pytest.raises(InvalidInputError, match=r"sample_ids.*'s0' at rows 0 and 20"):
        capture(one_input(), [batch, batch], ids="name")
    with pytest.raises(InvalidInputError, match=r"ids must be found in every batch under 'number'"):
        capture(one_input(), [batch], ids="number")


def test_labels_in_some_batches_only():
    for batches in ([(POINTS, LABELS), (POINTS,)], [(POINTS,), (POINTS, LABELS)]):
        with pytest.raises(InvalidInputError, match=r"labels must be in every batch or in none"):
            capture(one_input(), batches)


def test_token_masks():
    tokens = torch.randn(4, 5, 3)
    lengths = torch.tensor([1, 5, 3, 2])
    mask = torch.arange(5) < lengths[:, None]

    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = nn.Identity()

        def forward(self, x, attention_mask=None):
            assert attention_mask is not None
            return self.part(x)

    batch = {"x": tokens, "attention_mask": mask.long()}
    for how in ("mean", "last"):
        settings = {"layout": "NTC", "pool": how, "mask": "attention_mask"}
        stack = capture(Tokens(), [batch, batch], **settings)
        kept = [tokens[row, : lengths[row]] for row in range(4)]
        expected = torch.stack([one.mean(0) if how == "mean" else one[-1] for one in kept])
        np.testing.assert_allclose(stack["part"][4:], expected.numpy(), rtol=1e-5, atol=1e-6)
    with pytest.raises(InvalidInputError, match=r"layer 'part': mask must have shape"):
        capture(Tokens(), [batch], layout="NTC", pool="mean", mask=lambda _: mask[:, :2])


@pytest.mark.parametrize(
    ("batches", "kind", "message"),
    [
        ([], InvalidInputError, "at least one batch"),
        ([POINTS[:0]], InvalidInputError, "layer '0': output must not be empty"),
        (None, InvalidTypeError, "must be a DataLoader"),
        (3, InvalidTypeError, "must be a DataLoader"),
        ("text", InvalidTypeError, "must be a DataLoader"),
        (TensorDataset(POINTS), InvalidTypeError, "not a dataset of samples"),
        (
            (POINTS, LABELS),
            InvalidInputError,
            r"pair is written \[\(input, label\)\]; got a batch of",
        ),
        ([POINTS.numpy(), LABELS], InvalidInputError, "pair is written"),
    ],
)
def test_wrong_batches(batches, kind, message):
    with pytest.raises(kind, match=message):
        capture(one_input(), batches)


def test_read_only_arrays_are_taken_without_a_warning():
    array = POINTS.numpy().copy()
    array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(capture(one_input(), [array])["0"], array)


def test_a_dataset_of_named_samples_gives_their_names():
    class Named(Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, name):
            return torch.full((2,), float(ord(name)))

    loader = DataLoader(Named(), sampler=["c", "a", "b"], batch_size=2)
    assert capture(one_input(), loader).sample_ids == ("c", "a", "b")


def test_a_model_that_needs_its_labels_gets_them():
    class Loss(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = nn.Identity()

        def forward(self, x, labels):
            assert len(labels) == len(x)
            return self.part(x)

    stack = capture(Loss(), [{"x": POINTS, "labels": LABELS}])
    assert stack.labels == tuple(LABELS.tolist())


def test_packed_sequences_are_one_input():
    packed = nn.utils.rnn.pack_padded_sequence(
        torch.randn(4, 3, 2), torch.tensor([3, 2, 2, 1]), batch_first=True
    )
    model = nn.Sequential(nn.GRU(2, 5, batch_first=True))
    stack = capture(model, [packed], layers={"0": lambda output: output[1][0]})
    assert stack["0"].shape == (4, 5)


def test_labels_of_another_length_are_named_or_refused():
    x, y = torch.ones(4, 3), torch.tensor([0, 1, 0])
    stack = capture(nn.Linear(3, 2), [(x, y)])
    assert stack.labels is None
    assert "has 3 entries beside inputs of 4 rows" in stack.warnings[0]
    with pytest.raises(InvalidInputError, match=r"labels must have .* \(4\); got 3 entries"):
        capture(nn.Linear(3, 2), [(x, y)], labels=1)
    with pytest.raises(InvalidInputError, match=r"labels must have .* \(4\); got 3 entries"):
        capture(nn.Linear(3, 2), [x], labels=lambda batch: [0, 1, 0])
