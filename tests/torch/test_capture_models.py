"""Models of other makes: wrapped, compiled, scripted, exported, with weights that are computed."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from layerscope.errors import InvalidInputError, InvalidTypeError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from layerscope.torch import capture  # noqa: E402

nn = torch.nn


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))


@pytest.fixture
def x():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(1))


def scripted(model, example=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(model) if example is None else torch.jit.trace(model, example)


@pytest.fixture
def distributed(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1
    )
    yield nn.parallel.DistributedDataParallel
    torch.distributed.destroy_process_group()


def same(stack, plain):
    assert stack.layers == plain.layers
    for name, array in plain.items():
        np.testing.assert_array_equal(stack[name], array)


@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, lambda model: torch.compile(nn.DataParallel(model), backend="eager")]
)
def test_what_wraps_a_model_leaves_its_paths_alone(x, wrap):
    same(capture(wrap(small()), [x]), capture(small(), [x]))
    spelt = capture(nn.DataParallel(small()), [x], layers=["module.1", "output"])
    assert spelt.layers == ("1", "output")


@pytest.mark.filterwarnings("ignore")  # of torch.distributed about devices, other in each version
def test_a_distributed_model(x, distributed):
    model = distributed(small())
    same(capture(model, [x]), capture(small(), [x]))
    same(capture(nn.Sequential(model), [x]), capture(nn.Sequential(small()), [x]))


def test_what_wraps_a_part_of_a_model_leaves_its_paths_alone(x):
    plain = capture(nn.Sequential(small(), nn.Tanh()), [x], layers=["0", "0.*", "1"])
    for wrap in (nn.DataParallel, lambda part: torch.compile(part, backend="eager")):
        same(capture(nn.Sequential(wrap(small()), nn.Tanh()), [x], layers=["0", "0.*", "1"]), plain)
    part = torch.compile(small(), backend="eager")
    model = nn.Sequential(part, nn.Tanh())
    model(x)  # compiled code exists, and must not run in place of what is listened to
    same(capture(model, [x], layers=["0._orig_mod", "0._orig_mod.*", "1"]), plain)
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    assert capture(model, [x], layers=names).layers == ("0.0", "0.2")


def test_copies_on_several_devices_inside_a_model_are_refused_by_name(x):
    part = nn.DataParallel(small())
    part.device_ids = [0, 1]
    with pytest.raises(InvalidInputError, match=r"model must hold no DataParallel.*got '1'"):
        capture(nn.Sequential(nn.Identity(), part), [x])


@pytest.mark.parametrize("example", [None, torch.ones(1, 3)])
def test_scripted_models_are_refused_and_scripted_parts_by_name(x, example):
    made = scripted(small(), example)
    with pytest.raises(InvalidInputError, match=r"model must not be scripted or traced.*Module$"):
        capture(made, [x])
    model = nn.Sequential(made, nn.Tanh())
    stack = capture(model, [x])
    assert stack.layers == ("1",)
    assert (
        "Scripted or traced modules, which hooks do not hear, were left out: 0." in stack.warnings
    )
    assert capture(model, [x], layers=["*"]).layers == ("1",)
    for name in ("0", "0.1", "0#2"):
        with pytest.raises(InvalidInputError, match=rf"layers must name no scripted.*got '{name}'"):
            capture(model, [x], layers=[name])


def test_an_exported_program_is_refused(x):
    program = torch.export.export(small(), (x,)).module()
    with pytest.raises(InvalidInputError, match=r"model must have an evaluation mode.*GraphModule"):
        capture(program, [x])
    assert torch.is_grad_enabled()


def test_a_traced_graph_keeps_its_modules(x):
    same(capture(torch.fx.symbolic_trace(small()), [x]), capture(small(), [x]))


@pytest.mark.parametrize("computed", ["weight_norm", "spectral_norm", "orthogonal"])
def test_modules_whose_weights_are_computed_count_as_one(x, computed):
    make = getattr(nn.utils.parametrizations, computed)
    model = nn.Sequential(make(nn.Linear(3, 3)), nn.ReLU()).eval()
    stack = capture(model, [x])
    assert stack.layers == ("0", "1")
    with torch.no_grad():
        np.testing.assert_array_equal(stack["0"], model[0](x).numpy())
    assert capture(model, [x], layers=["**"]).layers == ("0", "1")


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, x, mask):
        return self.encoder(x, src_key_padding_mask=~mask)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_layers_of_transformers_with_a_fast_path_are_heard():
    tokens = torch.randn(5, 6, 8)
    mask = torch.arange(6) < torch.tensor([6, 3, 4, 2, 5])[:, None]
    model = Masked()
    settings = {"layout": "NTC", "pool": "mean", "mask": "mask"}
    stack = capture(model, [{"x": tokens, "mask": mask}], **settings)
    assert "encoder.layers.1.linear1" in stack.layers
    blocks = capture(
        model, [{"x": tokens, "mask": mask}], layers=["encoder.layers.*", "output"], **settings
    )
    with torch.no_grad():
        fast = model.eval()(tokens, mask)
    for row, n_tokens in enumerate(mask.sum(1)):
        expected = fast[row, :n_tokens].mean(0).numpy()
        np.testing.assert_allclose(blocks["output"][row], expected, rtol=1e-4, atol=1e-5)
    same(
        blocks.select(["output"]),
        capture(model, [{"x": tokens, "mask": mask}], layers=["output"], **settings),
    )
    assert torch.backends.mha.get_fastpath_enabled()


def test_lazy_modules_must_have_run_once(x):
    model = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d())
    with pytest.raises(InvalidInputError, match=r"model must have its weights.*lazy '0.weight'"):
        capture(model, [x])
    assert isinstance(model[0], nn.LazyLinear)
    model(x)
    assert capture(model, [x]).layers == ("0", "1")


class Says(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.part = nn.Identity()
        self.part.forward = make

    def forward(self, x):
        self.part(x)
        return x


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda x: x.to_sparse(), "sparse_coo tensor of float32"),
        (lambda x: torch.nested.as_nested_tensor([x, x]), "nested tensor of float32"),
        (lambda x: x.to(torch.float8_e4m3fn), "float8_e4m3fn"),
    ],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_tensors_that_are_no_plain_arrays_are_refused_by_name(x, make, found):
    with pytest.raises(InvalidTypeError, match=rf"layer 'part': output must be a dense.*{found}"):
        capture(Says(make), [x], layers=["part"])


def test_models_without_numbers_are_refused_by_name(x):
    with pytest.raises(InvalidInputError, match=r"layer '0': output must hold numbers.*meta"):
        capture(small().to("meta"), [x])


@dataclass
class ModelOutput(OrderedDict):
    """An output as the transformers library makes them: a dictionary and a dataclass."""

    last_hidden_state: object = None
    hidden_states: object = None

    def __post_init__(self):
        for name in ("last_hidden_state", "hidden_states"):
            if getattr(self, name) is not None:
                self[name] = getattr(self, name)


Pair = namedtuple("Pair", ["states", "attention"])


@dataclass(frozen=True, slots=True)
class Inner:
    states: object


@pytest.mark.parametrize(
    ("make", "pick"),
    [
        (lambda x: ModelOutput(last_hidden_state=x), None),
        (lambda x: ModelOutput(x, (2 * x, 3 * x)), "last_hidden_state"),
        (lambda x: ModelOutput(2 * x, (2 * x, x)), lambda output: output.hidden_states[1]),
        (lambda x: Pair(x, None), None),
        (lambda x: Pair(x, 2 * x), "states"),
        (lambda x: Pair(2 * x, x), 1),
        (lambda x: (Inner(x), "text"), None),
        (lambda x: Inner((None, {"deep": Inner(x)})), None),
    ],
)
def test_outputs_with_fields(x, make, pick):
    stack = capture(Says(make), [x], layers={"part": pick})
    np.testing.assert_array_equal(stack["part"], x.numpy())


def test_fields_with_several_tensors_are_refused_by_name(x):
    for make in (lambda x: ModelOutput(x, (2 * x,)), lambda x: Pair(x, 2 * x)):
        with pytest.raises(
            InvalidInputError, match=r"layer 'part'.*single tensor.*\(5, 3\), \(5, 3"
        ):
            capture(Says(make), [x])


@pytest.mark.parametrize(
    ("batch", "note"),
    [
        (torch.ones(5, 7), "Tensor (5, 7) of float32"),
        (np.ones((5, 3)), "Tensor (5, 3) of float64"),
        ({"input": torch.ones(5, 7), "names": ["a"] * 5}, "names=list"),
        ("text", "str"),
    ],
)
def test_an_error_of_the_model_says_what_it_was_called_with(batch, note):
    with pytest.raises((RuntimeError, TypeError)) as caught:
        capture(small(), [batch])
    assert note in caught.value.__notes__[0]
