"""Self-similarity in torch: values, gradients, and the loss around them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import layerscope as ls
from layerscope.errors import InvalidInputError, InvalidTypeError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from layerscope.torch import SelfSimilarityLoss, self_similarity  # noqa: E402
from layerscope.torch._dense import Recipe, measure  # noqa: E402

FORMS = ("paper", "printed", "covering", "correlation")


def layer(samples: int = 12, units: int = 20, seed: int = 0, dtype: object = None) -> object:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, units, generator=generator, dtype=dtype or torch.float64)


def pairs_of(features: object) -> object:
    """All distances, with autograd: the slow reference."""
    n_samples, n_units = features.shape
    i, j = torch.triu_indices(n_units, n_units, 1)
    return ((features[:, i] - features[:, j]).square().sum(0) / n_samples).sqrt()


def slow_paper(features: object, form: str, kappa: float, factor: float) -> tuple[float, object]:
    """The K x pairs formulation: exact counts forward, a smooth step backward."""
    c = pairs_of(features)
    D, K = features.shape[1], 256
    low, high = c.min().detach(), c.max().detach()
    x = torch.linspace(float(torch.log1p(low)), float(torch.log1p(high)), K, dtype=torch.float64)
    theta = torch.expm1(x)
    theta[0], theta[-1] = low, high
    hard = (c[None] <= theta[:, None]).double()
    soft = factor * torch.sigmoid(kappa * (theta[:, None] - c[None]))
    p = (hard + soft - soft.detach()).mean(1)
    if form == "paper":
        boxes = D - (D - 1) * torch.log(1 + (D - 1) * p) / math.log(D)
    else:
        boxes = 1 + (D - 1) * torch.log(D - (D - 1) * p) / math.log(D)
    line = (x[-1] - x) / (x[-1] - x[0])
    value = 2 * (boxes.clamp(min=1.0).log() / math.log(D) - line).abs().mean()
    (gradient,) = torch.autograd.grad(value, features)
    return value.item(), gradient


@pytest.mark.parametrize("form", ["paper", "printed"])
@pytest.mark.parametrize(("kappa", "factor"), [(1.0, None), (7.0, 2.0)])
def test_closed_forms_are_those_of_the_slow_formulation(form, kappa, factor):
    features = layer(8, 30).requires_grad_()
    value = self_similarity(features, form=form, kappa=kappa, factor=factor)
    value.backward()
    expected, gradient = slow_paper(features, form, kappa, factor or 30.0)
    assert value.item() == pytest.approx(expected, abs=1e-9)
    # The last count is clamped at one box, where the slow form has a gradient by rounding.
    scale = float(gradient.abs().max())
    torch.testing.assert_close(features.grad, gradient, atol=1e-5 * scale, rtol=1e-5)


@pytest.mark.parametrize("form", ["paper", "printed"])
def test_closed_forms_are_those_of_arrays(form):
    features = layer(8, 30)
    expected = ls.self_similarity(features.numpy(), form=form, n_null=0).value
    assert float(self_similarity(features, form=form)) == expected


def held(features: object, form: str, scale: str | None) -> object:
    """A function of features with grid, quantiles and rms fixed at those of ``features``."""
    c0 = pairs_of(features).detach()
    rms = c0.square().mean().sqrt() if scale == "rms" else torch.tensor(1.0, dtype=torch.float64)
    c0 = c0 / rms
    if form == "correlation":
        ends = torch.quantile(c0, torch.tensor([0.02, 0.98], dtype=torch.float64)).log()
        x = torch.linspace(float(ends[0]), float(ends[1]), 64, dtype=torch.float64)
        tau = 0.1 * (ends[1] - ends[0])

        def value(moved: object) -> object:
            c = (pairs_of(moved) / rms).log()
            y = torch.stack([torch.sigmoid((r - c) / tau).mean() for r in x]).log()
            return ((x - x.mean()) * y).sum() / (x - x.mean()).square().sum()

        return value
    low, high = torch.log1p(c0.min()), torch.log1p(c0.max())

    def merged(moved: object) -> object:
        c = pairs_of(moved) / rms
        D = moved.shape[1]
        square = torch.zeros(D, D, dtype=c.dtype)
        square[tuple(torch.triu_indices(D, D, 1))] = c
        square = square + square.T
        clusters, heights = [[i] for i in range(D)], []
        while len(clusters) > 1:
            found = min(
                (
                    (square[a][:, b].max(), i, j)
                    for i, a in enumerate(clusters)
                    for j, b in enumerate(clusters)
                    if i < j
                ),
                key=lambda entry: entry[0].item(),
            )
            heights.append(found[0])
            clusters[found[1]] += clusters.pop(found[2])
        h = torch.stack(heights).sort().values
        boxes = torch.arange(D - 1, 0, -1, dtype=c.dtype)
        line = (high - torch.log1p(h)) / (high - low)
        return 2 * (boxes.log() / math.log(D) - line).abs().mean()

    return merged


@pytest.mark.parametrize("form", ["correlation", "covering"])
@pytest.mark.parametrize("scale", [None, "rms"])
def test_differentiable_forms_are_those_of_autograd(form, scale):
    features = layer(6, 14, seed=3).requires_grad_()
    value = self_similarity(features, form=form, scale=scale)
    value.backward()
    reference = held(features, form, scale)(features)
    (gradient,) = torch.autograd.grad(reference, features)
    assert value.item() == pytest.approx(reference.item(), abs=1e-9)
    torch.testing.assert_close(features.grad, gradient, atol=1e-8, rtol=1e-6)


def finite_differences(function: object, features: object) -> object:
    step, flat = 1e-6, features.detach().reshape(-1)
    slopes = []
    for at in range(len(flat)):
        ends = []
        for sign in (1, -1):
            moved = flat.clone()
            moved[at] += sign * step
            ends.append(float(function(moved.reshape(features.shape))))
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return torch.tensor(slopes, dtype=torch.float64).reshape(features.shape)


@pytest.mark.parametrize("form", ["correlation", "covering"])
def test_gradients_are_those_of_finite_differences_with_everything_held(form):
    features = layer(4, 9, seed=1).requires_grad_()
    self_similarity(features, form=form).backward()
    fixed = finite_differences(held(features, form, None), features)
    torch.testing.assert_close(features.grad, fixed, atol=1e-5, rtol=1e-4)
    # Where the grid moves along, differences are others: that is what holding it means.
    loose = finite_differences(lambda moved: self_similarity(moved, form=form), features)
    assert not torch.allclose(features.grad, loose, atol=1e-4, rtol=1e-2)


@pytest.mark.parametrize("form", ["paper", "printed", "correlation"])
@pytest.mark.parametrize("rms", [False, True])
def test_the_form_in_torch_is_that_of_the_kernel(form, rms):
    features = layer(16, 40, seed=5).requires_grad_()
    value = self_similarity(features, form=form, scale="rms" if rms else None)
    value.backward()
    n_thetas = 64 if form == "correlation" else 256
    recipe = Recipe(form=form, rms=rms, n_thetas=n_thetas, kappa=1.0, factor=40.0)
    dense, gradient = measure(features.detach(), recipe, with_gradient=True)
    assert dense == pytest.approx(value.item(), abs=1e-9)
    torch.testing.assert_close(gradient, features.grad, atol=1e-9, rtol=1e-5)


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


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_told_is_nan_without_a_gradient(form):
    for features in (torch.zeros(4, 6), torch.ones(3, 2)):
        features.requires_grad_()
        value = self_similarity(features, form=form)
        value.backward()
        assert math.isnan(value.item())
        assert float(features.grad.abs().max()) == 0
    broken = torch.full((4, 6), math.inf, requires_grad=True)
    self_similarity(broken, form=form).backward()
    assert bool(broken.grad.isnan().all())


def test_wrong_input_is_named():
    with pytest.raises(InvalidTypeError, match="features must be a tensor of floats"):
        self_similarity(np.ones((3, 4)))
    with pytest.raises(InvalidInputError, match="two axes"):
        self_similarity(torch.ones(3))
    with pytest.raises(InvalidInputError, match="form must be one of"):
        self_similarity(layer(), form="boxes")
    with pytest.raises(InvalidInputError, match="must be given"):
        SelfSimilarityLoss(0.3)()
    with pytest.raises(InvalidInputError, match="draw must be one of"):
        SelfSimilarityLoss(0.3, draw="two")


def network() -> object:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 12, 3),
        torch.nn.ReLU(inplace=True),
        torch.nn.Flatten(),
        torch.nn.Linear(12 * 36, 10),
    )


def test_the_half_is_in_the_loss_and_tensors_may_be_given():
    features = layer()
    term = SelfSimilarityLoss(0.3, weight=0.5)(features)
    assert float(term) == pytest.approx(0.25 * (float(self_similarity(features)) - 0.3) ** 2)
    both = SelfSimilarityLoss(0.3, weight=0.5, draw="all")
    other = layer(seed=9)
    terms = [float(SelfSimilarityLoss(0.3, weight=0.5)(f)) for f in (features, other)]
    assert float(both([features, other])) == pytest.approx(sum(terms) / 2)
    assert float(both({"a": features, "b": other})) == pytest.approx(sum(terms) / 2)
    assert set(both.value) == {"layer 0", "layer 1", "a", "b"}


@pytest.mark.parametrize("how", ["paths", "modules"])
def test_three_lines_with_a_model(how):
    model, images = network(), torch.randn(16, 1, 8, 8)
    if how == "paths":
        constraint = SelfSimilarityLoss(0.1, layers=["0", "3"], draw="all").attach(model)
    else:
        constraint = SelfSimilarityLoss(0.1, layers=[model[0], model[3]], draw="all")
    loss = model(images).square().mean() + constraint()
    loss.backward()
    assert model[0].weight.grad is not None
    # The in-place ReLU after the convolution does not change what was heard.
    with torch.no_grad():
        maps = model[0](images).mean((2, 3))
    name = next(iter(constraint.value))
    assert constraint.value[name] == pytest.approx(float(self_similarity(maps)), rel=1e-5)
    constraint.detach()
    model(images)
    with pytest.raises(InvalidInputError):
        constraint()


def test_one_layer_is_drawn_without_touching_the_random_state():
    model, images = network(), torch.randn(8, 1, 8, 8)
    constraint = SelfSimilarityLoss(0.1, layers=["0", "3"]).attach(model)
    before, drawn = torch.get_rng_state(), []
    for _ in range(20):
        model(images)
        constraint.value.clear()
        constraint()
        drawn += list(constraint.value)
    assert set(drawn) == {"0", "3"}
    assert torch.equal(before, torch.get_rng_state())


def test_a_target_for_each_layer_must_know_them_all():
    with pytest.raises(InvalidInputError, match="entry for every layer; got none for '3'"):
        SelfSimilarityLoss({"0": 0.2}, layers=["0", "3"]).attach(network())


def test_the_gate_opens_after_the_first_epoch_and_closes_when_the_value_moves():
    features = layer()
    loss = SelfSimilarityLoss(0.0, weight=1.0, gate=True)
    full = float(SelfSimilarityLoss(0.0, weight=1.0)(features))
    assert float(loss(features)) == 0.0
    loss.epoch_end()
    assert float(loss(features)) == pytest.approx(full)
    assert float(loss(layer(seed=4) * 3)) == 0.0  # moved by far more than 5 %
    for _ in range(5):
        loss.epoch_end()  # epochs 2 to 6: sampled again at the sixth
    value = loss.value["features"]
    assert value != pytest.approx(float(self_similarity(features)), rel=0.05)


@pytest.mark.parametrize("form", ["correlation", "covering"])
def test_targets_are_reached_by_descent(form):
    features = layer(16, 24, seed=2, dtype=torch.float32).requires_grad_()
    start = self_similarity(features, form=form).item()
    target = start * 0.8
    constraint = SelfSimilarityLoss(target, form=form, weight=1.0)
    optimizer = torch.optim.Adam([features], lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        constraint(features).backward()
        optimizer.step()
    assert abs(self_similarity(features, form=form).item() - target) < 0.1 * abs(start - target)


@pytest.mark.parametrize("draw", ["one", "all"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gate", [False, True])
def test_a_layer_without_a_value_adds_nothing(draw: str, form: str, gate: bool) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    constraint = SelfSimilarityLoss(
        0.3, form=form, draw=draw, gate=gate, weight=1.0, layers=["2"]
    ).attach(model)
    for _ in range(2):
        out = model(torch.randn(12, 8))
        task = out.square().mean()
        total = task + constraint()
        model.zero_grad()
        total.backward()
        constraint.epoch_end()
        assert float(total.detach()) == float(task.detach())
        assert math.isnan(constraint.value["2"])
        assert all(bool(p.grad.isfinite().all()) for p in model.parameters())


def test_other_layers_count_beside_one_without_a_value() -> None:
    full, flat = layer(), torch.ones(12, 5, dtype=torch.float64)
    alone = SelfSimilarityLoss(0.3, draw="all", weight=1.0)
    both = alone({"full": full, "flat": flat})
    assert float(both.detach()) == pytest.approx(float(alone(full).detach()) / 2)


def test_features_that_are_not_finite_are_seen() -> None:
    features = layer()
    features[0, 0] = math.nan
    assert math.isnan(float(SelfSimilarityLoss(0.3)(features)))
