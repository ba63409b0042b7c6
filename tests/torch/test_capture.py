"""What is taken from which module, in which order, under which name."""

from __future__ import annotations

import doctest
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from layerscope._arrays import BFloat16Array
from layerscope.errors import InvalidInputError, InvalidTypeError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from layerscope.torch import _capture, _patterns, capture  # noqa: E402

nn = torch.nn


class Twice(nn.Module):
    """One activation, called twice and in place, and a module that is never called."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.last = nn.Linear(4, 2)
        self.act = nn.ReLU(inplace=True)
        self.first = nn.Linear(3, 4)
        self.unused = nn.Linear(9, 9)

    def forward(self, x):
        return self.act(self.last(self.act(self.first(x))))


@pytest.fixture
def x():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(1))


def test_order_is_that_of_execution_and_calls_are_named_apart(x):
    stack = capture(Twice(), [x])
    assert stack.layers == ("first", "act", "last", "act#2")
    assert "unused" in stack.warnings[0]


def test_in_place_operations_do_not_overwrite_what_was_taken(x):
    model = Twice()
    stack = capture(model, [x[:3], x[3:]])
    with torch.no_grad():
        first = model.first(x)
        last = model.last(first.relu())
    assert (first < 0).any()
    for name, expected in (("first", first), ("act", first.relu()), ("last", last)):
        np.testing.assert_allclose(stack[name], expected.numpy(), rtol=1e-6)
    np.testing.assert_allclose(stack["act#2"], last.relu().numpy(), rtol=1e-6)


def test_arrays_belong_to_nobody_else(x):
    model = nn.Sequential(nn.Identity())
    stack = capture(model, [x], layers=["0"])
    before = stack["0"].copy()
    x.zero_()
    np.testing.assert_array_equal(stack["0"], before)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["last", "first"], ("first", "last")),
        (["act#2"], ("act#2",)),
        (["act#2", "act"], ("act", "act#2")),
        (["*st"], ("first", "last")),
        (["**"], ("first", "act", "last", "act#2")),
        (["output"], ("output",)),
        (["first", "output"], ("first", "output")),
    ],
)
def test_layers_by_name_by_call_and_by_pattern(x, layers, expected):
    assert capture(Twice(), [x], layers=layers).layers == expected


def test_a_layer_name_of_a_stack_selects_it_again(x):
    stack = capture(Twice(), [x])
    assert capture(Twice(), [x], layers=stack.layers).layers == stack.layers


def test_modules_inside_others_come_before_them(x):
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    stack = capture(nn.Sequential(inner, nn.Linear(3, 2)), [x], layers=["0", "0.1", "0.0"])
    assert stack.layers == ("0.0", "0.1", "0")
    np.testing.assert_array_equal(stack["0.1"], stack["0"])


def test_a_model_without_submodules_is_its_output(x):
    assert capture(nn.Linear(3, 2), [x]).layers == ("output",)


@dataclass
class Hidden:
    state: object
    note: str = "no tensor"


class Says(nn.Module):
    """Returns what it is told to make of its input."""

    def __init__(self, make):
        super().__init__()
        self.part = nn.Identity()
        self.part.forward = make

    def forward(self, x):
        self.part(x)
        return x


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (x,),
        lambda x: [None, x],
        lambda x: {"a": x, "b": None},
        Hidden,
        lambda x: (x, x),
        lambda x: ({"deep": [x]}, "text"),
    ],
)
def test_a_single_tensor_inside_an_output_is_taken(x, make):
    np.testing.assert_array_equal(capture(Says(make), [x])["part"], x.numpy())


def test_several_tensors_are_refused_by_name_and_can_be_picked(x):
    model = nn.Sequential(nn.LSTM(3, 4, batch_first=True))
    steps = x.reshape(5, 1, 3)
    with pytest.raises(InvalidInputError, match=r"layer '0'.*single tensor.*layers=\{"):
        capture(model, [steps])
    by_index = capture(model, [steps], layers={"0": 0}, layout="NTC", pool="last")["0"]
    by_call = capture(model, [steps], layers={"0": lambda output: output[1][0][0]})["0"]
    np.testing.assert_array_equal(by_index, by_call)
    many = Says(lambda x: {"a": x, "b": 2 * x})
    np.testing.assert_array_equal(capture(many, [x], layers={"part": "b"})["part"], 2 * x.numpy())
    field = Says(lambda x: Hidden(x, note=2 * x))
    np.testing.assert_array_equal(capture(field, [x], layers={"*": "note"})["part"], 2 * x.numpy())


@pytest.mark.parametrize("pick", [3, "absent"])
def test_a_pick_that_is_not_there(x, pick):
    with pytest.raises(InvalidInputError, match=r"layer 'part'.*must have the entry"):
        capture(Says(lambda x: (x, x + 1)), [x], layers={"part": pick})


def test_an_output_without_a_tensor(x):
    with pytest.raises(InvalidInputError, match=r"layer 'part'.*must return a tensor.*NoneType"):
        capture(Says(lambda x: None), [x])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("pool", ["flatten", "max"])
def test_dtypes_are_kept(dtype, pool):
    maps = torch.randn(4, 2, 3, 3).to(dtype)
    stack = capture(nn.Sequential(nn.Identity(), nn.Flatten()), [maps], layout="NCHW", pool=pool)
    for array in stack.values():
        assert str(array.dtype) == str(dtype).removeprefix("torch.")
        assert isinstance(array, BFloat16Array) == (dtype == torch.bfloat16)
    np.testing.assert_array_equal(
        np.asarray(stack["1"], dtype=np.float64), maps.flatten(1).double().numpy()
    )


def test_maps_are_pooled_as_asked_and_never_guessed():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    maps = torch.randn(6, 3, 4, 4)
    with pytest.raises(InvalidInputError, match=r"layer '0': layout.*'NCHW' or 'NHWC'.*6, 2, 2, 2"):
        capture(model, [maps])
    with pytest.raises(InvalidInputError, match=r"layer '0': layout.*'NTC' for an output of shape"):
        capture(model, [maps], layout="NTC", pool="mean")
    with pytest.raises(InvalidInputError, match=r"layer '0': pool must be one of"):
        capture(model, [maps], layout="NCHW")
    plain = capture(model, [maps], layout="NCHW", pool="mean")
    with torch.no_grad():
        conv = model[0](maps).numpy()
    np.testing.assert_allclose(plain["0"], conv.mean((2, 3)), rtol=1e-5)
    each = capture(model, [maps], layout={"0": "NCHW"}, pool={"0": lambda a: a[:, :, 0, 0]})
    np.testing.assert_array_equal(each["0"], conv[:, :, 0, 0])
    with pytest.raises(InvalidInputError, match=r"pool must be keyed by.*conv9"):
        capture(model, [maps], layout="NCHW", pool={"*": "mean", "conv9": "max"})


def test_outputs_with_other_axes_are_refused_by_name(x):
    with pytest.raises(InvalidInputError, match=r"layer 'part': layers must reduce.*\(5,\)"):
        capture(Says(lambda x: x[:, 0]), [x])
    column = capture(Says(lambda x: x[:, 0]), [x], layers={"part": lambda y: y[:, None]})
    assert column["part"].shape == (5, 1)


class Counting(nn.Module):
    """Calls its part once for every row of the first batch, and so on."""

    def __init__(self):
        super().__init__()
        self.part = nn.Identity()

    def forward(self, x):
        for _ in range(len(x)):
            self.part(x)
        return x


@pytest.mark.parametrize("sizes", [(2, 3), (3, 2)])
def test_other_numbers_of_calls_are_refused_by_name(sizes):
    with pytest.raises(InvalidInputError, match=r"layer 'part#3'.*same number of times"):
        capture(Counting(), [torch.ones(n, 2) for n in sizes])


def test_layers_with_other_numbers_of_rows_are_refused_by_name(x):
    with pytest.raises(InvalidInputError, match=r"layer 'part': output must have one row.*2 ro"):
        capture(Says(lambda x: x[:2]), [x], layers=["output", "part"])
    with pytest.raises(InvalidInputError, match=r"layer 'part'.*the labels has 5"):
        capture(Says(lambda x: x[:2]), [(x, torch.arange(5))], layers=["part"])


def test_other_widths_and_kinds_in_a_later_batch_are_refused_by_name(x):
    with pytest.raises(InvalidInputError, match=r"layer '0'.*same number of features.*3, then 2"):
        capture(nn.Sequential(nn.Identity()), [x, x[:, :2]])
    with pytest.raises(InvalidInputError, match=r"layer '0'.*same dtype.*float32, then float64"):
        capture(nn.Sequential(nn.Identity()), [x, x.double()])


@pytest.mark.parametrize(
    ("layers", "kind", "message"),
    [
        (["frist"], InvalidInputError, "such as 'first'; got 'frist'"),
        (["act#3"], InvalidInputError, "layer 'act#3'.*no such call"),
        (["unused"], InvalidInputError, "layer 'unused'.*never called"),
        (["un*"], InvalidInputError, "'un\\*', of whose modules none is called"),
        (["conv*"], InvalidInputError, "must fit a module"),
        (["act", "act"], InvalidInputError, "no module twice"),
        ([], InvalidInputError, "at least one layer"),
        ("act", InvalidTypeError, "must be a sequence"),
        (3, InvalidTypeError, "must be a sequence"),
        ([3], InvalidTypeError, "must be a sequence"),
        ({"act": 1.5}, InvalidTypeError, "must map names"),
    ],
)
def test_wrong_layers(x, layers, kind, message):
    with pytest.raises(kind, match=message):
        capture(Twice(), [x], layers=layers)


@pytest.mark.parametrize(
    ("settings", "kind", "argument"),
    [
        ({"layout": "NCWH"}, InvalidInputError, "layout"),
        ({"layout": 3}, InvalidTypeError, "layout"),
        ({"layout": {3: "NCHW"}}, InvalidTypeError, "layout"),
        ({"pool": "average"}, InvalidInputError, "pool"),
        ({"pool": {"act": "average"}}, InvalidInputError, "pool"),
        ({"device": "abacus"}, InvalidInputError, "device"),
        ({"memory_limit": "some"}, InvalidInputError, "memory_limit"),
        ({"progress": 3}, InvalidTypeError, "progress"),
        ({"inputs": 3}, InvalidTypeError, "inputs"),
        ({"labels": 1.5}, InvalidTypeError, "labels"),
        ({"mask": False}, InvalidTypeError, "mask"),
        ({"ids": True}, InvalidTypeError, "ids"),
    ],
)
def test_wrong_settings(x, settings, kind, argument):
    with pytest.raises(kind) as caught:
        capture(Twice(), [x], **settings)
    assert caught.value.argument == argument


@pytest.mark.parametrize("model", [None, "resnet", lambda x: x, nn.Linear])
def test_a_model_is_a_module(x, model):
    with pytest.raises(InvalidTypeError, match=r"model must be a torch.nn.Module"):
        capture(model, [x])


def test_a_module_under_two_names(x):
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, shared)
    assert capture(model, [x]).layers == ("0", "0#2")
    assert capture(model, [x], layers=["1"]).layers == ("1", "1#2")
    with pytest.raises(InvalidInputError, match="no module twice; got '1', which is '0'"):
        capture(model, [x], layers=["0", "1"])


def test_progress_counts_batches(x):
    seen = []
    capture(Twice(), [x, x], progress=lambda *told: seen.append(told))
    assert seen == [(1, 2, "capture"), (2, 2, "capture")]
    seen.clear()
    capture(Twice(), (part for part in (x, x)), progress=lambda *told: seen.append(told))
    assert seen == [(1, 0, "capture"), (2, 0, "capture")]


def test_examples_of_the_docstrings():
    for module in (_capture, _patterns):
        outcome = doctest.testmod(module)
        assert outcome.attempted > 0
        assert outcome.failed == 0


def test_without_torch_one_sentence_says_what_to_install():
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from layerscope.errors import MissingExtraError\n"
        "try:\n    import layerscope.torch\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'layerscope[torch]'" in done.stdout
    assert done.stdout.count("\n") == 1
