"""Self-similarity and its loss in mixed precision: half kinds, autocast, a gradient scaler."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from layerscope.torch import SelfSimilarityLoss, self_similarity  # noqa: E402
from tests.torch._units import FORMS, layer  # noqa: E402


@pytest.mark.parametrize("form", FORMS)
def test_half_kinds_and_autocast_give_float32(form):
    exact = float(self_similarity(layer().bfloat16().float(), form=form))
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        features = layer().bfloat16().to(dtype).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            value = self_similarity(features, form=form)
        value.backward()
        assert value.dtype == torch.float32
        assert features.grad.dtype == dtype
        assert value.item() == pytest.approx(exact, rel=1e-6)


def network() -> object:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(8, 24), torch.nn.GELU(), torch.nn.Linear(24, 24), torch.nn.Linear(24, 4)
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_loss_under_autocast_is_that_of_the_rounded_features(form, dtype):
    model, inputs = network(), torch.randn(32, 8, generator=torch.Generator().manual_seed(1))
    heard = []
    handle = model[2].register_forward_hook(lambda *call: heard.append(call[2]))
    constraint = SelfSimilarityLoss(0.1, form=form, weight=1.0, layers=["2"]).attach(model)
    with torch.autocast("cpu", dtype):
        model(inputs)
        term = constraint()
    handle.remove()
    assert heard[0].dtype == dtype
    assert term.dtype == torch.float32
    rounded = heard[0].detach().float().requires_grad_()
    expected = 0.5 * (self_similarity(rounded, form=form) - 0.1) ** 2
    assert term.item() == pytest.approx(expected.item(), rel=1e-6)
    term.backward()
    expected.backward()
    # The gradient goes on from the rounded features: through the linear layer before them.
    assert bool(model[2].weight.grad.isfinite().all())
    torch.testing.assert_close(
        model[2].bias.grad, rounded.grad.sum(0), atol=2e-2 * float(rounded.grad.abs().max()), rtol=0
    )


def test_a_step_that_overflowed_is_left_out_by_the_scaler():
    model = network()
    constraint = SelfSimilarityLoss(0.1, weight=1.0, layers=["2"]).attach(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for size in (1.0, 1e30):  # the second overflows in half precision
        before = [p.detach().clone() for p in model.parameters()]
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.float16):
            out = model(size * torch.ones(16, 8).cumsum(0).cumsum(1) / 100)
            loss = out.float().square().mean() + constraint()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        moved = any(not torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
        assert moved == (size == 1.0)
    assert math.isnan(constraint.value["2"])
    assert scaler.get_scale() == 512.0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(32, 40, 6, 6), (32, 36, 40)])
def test_maps_and_tokens_of_half_kinds_are_averaged_in_float32(dtype, shape):
    # Far from zero, where the mean of a half kind would round units together.
    features = (0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(2)) + 5).to(dtype)
    over = (2, 3) if len(shape) == 4 else (1,)
    expected = float(self_similarity(features.float().mean(over)))
    loss = SelfSimilarityLoss(0.3)
    loss(features)
    assert loss.value["features"] == pytest.approx(expected, rel=1e-5)
