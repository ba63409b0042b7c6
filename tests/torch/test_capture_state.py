"""The model and the world around it after a capture, and after one that failed midway."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from layerscope.errors import InvalidInputError  # noqa: E402
from layerscope.torch import capture  # noqa: E402

nn = torch.nn


class Fails(nn.Module):
    """Raises in its nth forward pass."""

    def __init__(self, error=None, at=2):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout(0.5)
        self.linear = nn.Linear(3, 3)
        self.error, self.at, self.passes = error, at, 0

    def forward(self, x):
        self.passes += 1
        x = self.drop(self.norm(x))
        torch.rand(3), random.random(), np.random.rand(3)  # noqa: NPY002
        assert not torch.is_grad_enabled()
        assert not any(module.training for module in self.modules())
        if self.error is not None and self.passes == self.at:
            raise self.error
        return self.linear(x)


def everything(model):
    """What a capture must leave alone, as something that compares."""
    return (
        [module.training for module in model.modules()],
        [len(module._forward_hooks) for module in model.modules()],
        {name: tensor.tolist() for name, tensor in model.state_dict().items()},
        [id(parameter) for parameter in model.parameters()],
        [parameter.requires_grad for parameter in model.parameters()],
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.is_autocast_cache_enabled(),
        torch.backends.mha.get_fastpath_enabled(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
    )


def batches(n=3):
    return [torch.randn(4, 3) for _ in range(n)]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(
    "error", [None, RuntimeError("midway"), KeyboardInterrupt(), SystemExit(3)], ids=repr
)
def test_everything_is_put_back(error, grad, autocast):
    model = Fails(error).train()
    model.norm.eval()  # frozen while the rest trains
    model.linear.weight.requires_grad_(False)
    data = batches()
    with torch.set_grad_enabled(grad), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        before = everything(model)
        if error is None:
            capture(model, data)
        else:
            with pytest.raises(type(error)):
                capture(model, data)
        assert model.passes == (3 if error is None else 2)
        assert everything(model) == before


def test_everything_is_put_back_when_the_loader_or_a_hook_raises():
    def broken():
        yield torch.randn(4, 3)
        raise OSError("disk")

    model = Fails().train()
    before = everything(model)[:-3]
    with pytest.raises(OSError, match="disk"):
        capture(model, broken())
    with pytest.raises(InvalidInputError, match="layer 'drop'"):
        capture(model, batches(), layers={"drop": "absent"})
    assert everything(model)[:-3] == before


def test_hooks_of_others_stay_and_are_seen():
    model = nn.Sequential(nn.Linear(3, 2))
    model[0].register_forward_hook(lambda module, args, output: output * 0)
    assert not capture(model, batches(1))["0"].any()
    assert len(model[0]._forward_hooks) == 1


def test_gradients_work_afterwards():
    model = nn.Sequential(nn.Linear(3, 2))
    capture(model, batches(1))
    model(torch.ones(1, 3)).sum().backward()
    assert model[0].weight.grad is not None


def test_a_shuffling_loader_goes_on_as_if_nothing_had_been():
    data = TensorDataset(torch.arange(12.0).reshape(12, 1))
    for generator in (None, torch.Generator().manual_seed(4)):
        loader = DataLoader(data, batch_size=3, shuffle=True, generator=generator)
        torch.manual_seed(7)
        state = None if generator is None else generator.get_state()
        plain = torch.cat([x for [x] in loader]).tolist()
        torch.manual_seed(7)
        if generator is not None:
            generator.set_state(state)
        stack = capture(nn.Sequential(nn.Identity()), loader)
        assert torch.cat([x for [x] in loader]).tolist() == plain == stack["0"].tolist()
        assert loader._iterator is None


def test_under_autocast_layers_are_as_they_are_made_and_gradients_flow_afterwards():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
    [x] = batches(1)
    with torch.autocast("cpu", torch.bfloat16):
        stack = capture(model, [x])
        model(x).sum().backward()  # autocast remembers the weights that it made smaller
        with torch.no_grad():
            by_hand = model[0](x)
    assert [str(array.dtype) for array in stack.values()] == ["bfloat16"] * 3
    np.testing.assert_array_equal(np.asarray(stack["0"]), by_hand.float().numpy())
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_compiled_model_runs_uncompiled_and_is_named_as_the_plain_one():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    [x] = batches(1)
    plain = capture(model, [x])
    wrapped = capture(torch.compile(model, backend="eager"), [x])
    assert wrapped.layers == plain.layers
    np.testing.assert_array_equal(wrapped["1"], plain["1"])
    model[0].compile(backend="eager")
    np.testing.assert_array_equal(capture(model, [x])["0"], plain["0"])


def test_a_device_is_lent():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = everything(model)
    assert capture(model, batches(1), device="cpu").n_samples == 4
    with pytest.raises(InvalidInputError, match="device must be able to hold the model; got meta"):
        capture(model, batches(1), device="meta")
    assert everything(model)[:6] == before[:6]
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_is_lent():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout())
    data = batches(2)
    torch.cuda.manual_seed(3)
    before, of_gpu = everything(model), torch.cuda.get_rng_state().tolist()
    there, here = capture(model, data, device="cuda"), capture(model, data)
    assert everything(model) == before
    assert torch.cuda.get_rng_state().tolist() == of_gpu
    np.testing.assert_allclose(there["1"], here["1"], rtol=1e-2, atol=1e-3)
