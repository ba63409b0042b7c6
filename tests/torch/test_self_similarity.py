"""Self-similarity in torch: what it takes, and the loss around it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from layerscope.errors import InvalidInputError, InvalidTypeError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from layerscope.torch import SelfSimilarityLoss, self_similarity  # noqa: E402
from tests.torch._units import FORMS, layer  # noqa: E402


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


@pytest.mark.parametrize("moved", [0.0, 0.01, 0.02, -0.03, 0.05, 0.2])
def test_the_gate_is_open_as_far_as_the_value_stood_still(moved, monkeypatch):
    """z = 1 − min(abs(S − S_old) / S_old, 0.05) / 0.05."""
    features, now = layer(), [0.4]
    monkeypatch.setattr(
        "layerscope.torch._loss.self_similarity", lambda f, **_: f.sum() * 0 + now[0]
    )
    loss = SelfSimilarityLoss(0.1, weight=2.0, gate=True)
    loss(features)
    loss.epoch_end()
    now[0] = 0.4 * (1 + moved)
    expected = max(1 - abs(moved) / 0.05, 0.0) * (now[0] - 0.1) ** 2
    assert float(loss(features)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_gate_samples_every_fifth_epoch_by_its_mean(monkeypatch):
    features, now = layer(), [0.0]
    monkeypatch.setattr(
        "layerscope.torch._loss.self_similarity", lambda f, **_: f.sum() * 0 + now[0]
    )
    loss = SelfSimilarityLoss(0.0, weight=2.0, gate=True)
    opened = []
    for epoch in range(12):
        for part in (0.99, 1.01):  # the mean of an epoch is the epoch's number plus one
            now[0] = (epoch + 1) * part
            loss(features)
        now[0] = epoch + 1.0
        opened.append(float(loss(features)) > 0)
        loss.epoch_end()
    # After epochs 0, 5 and 10 the samples are 1, 6 and 11: the values of no later epoch are near.
    assert opened == [False] * 12
    now[0] = 11.0
    assert float(loss(features)) == pytest.approx(121.0)
    now[0] = 11.0 * 1.02
    assert float(loss(features)) == pytest.approx(0.6 * now[0] ** 2)


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
