"""The form in torch, which other devices take, on the CPU: against the kernel and slow forms."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from layerscope.torch import _dense, self_similarity  # noqa: E402
from layerscope.torch._dense import Recipe, measure  # noqa: E402
from tests.torch._units import held, layer, surrogate  # noqa: E402

SCALES = (1e-4, 1.0, 1e2, 1e5, 1e6)
dense_forms = pytest.mark.parametrize("form", ["paper", "printed", "correlation"])
with_rms = pytest.mark.parametrize("rms", [False, True])


def recipe(form: str, rms: bool, n_units: int, kappa: float = 1.0) -> Recipe:
    n_thetas = 64 if form == "correlation" else 256
    return Recipe(form=form, rms=rms, n_thetas=n_thetas, kappa=kappa, factor=float(n_units))


def both(features: object, how: Recipe) -> tuple:
    """Value and gradient of the kernel and of the form in torch."""
    own = features.clone().requires_grad_()
    scale = "rms" if how.rms else None
    value = self_similarity(own, form=how.form, scale=scale, kappa=how.kappa, factor=how.factor)
    value.backward()
    dense, gradient = measure(features, how, with_gradient=True)
    assert gradient.dtype == features.dtype
    return value.item(), own.grad, dense, gradient


@dense_forms
@with_rms
@pytest.mark.parametrize("size", SCALES)
@pytest.mark.parametrize("units", [40, 150])  # h itself; h from a table, where that is less
def test_it_is_the_kernel_at_every_scale(form, rms, size, units):
    features = size * layer(16, units, seed=5)
    value, expected, dense, gradient = both(features, recipe(form, rms, units))
    assert dense == pytest.approx(value, rel=1e-9)
    most = float(expected.abs().max())
    assert most > 0
    torch.testing.assert_close(gradient, expected, atol=1e-7 * most, rtol=1e-5)


@dense_forms
@with_rms
@pytest.mark.parametrize("size", SCALES)
def test_float32_is_the_kernel_too(form, rms, size):
    features = (size * layer(16, 60, seed=6)).float()
    value, expected, dense, gradient = both(features, recipe(form, rms, 60))
    assert dense == pytest.approx(value, rel=1e-6)
    most = float(expected.abs().max())
    torch.testing.assert_close(gradient, expected, atol=1e-6 * most, rtol=1e-4)


@pytest.mark.parametrize("size", SCALES)
@pytest.mark.parametrize("form", ["paper", "printed", "correlation"])
@pytest.mark.parametrize("kappa", [1.0, 5.0])
def test_both_are_the_slow_form_at_every_scale(form, size, kappa):
    features = (size * layer(8, 30, seed=7)).requires_grad_()
    if form == "correlation":
        slow = held(features.detach(), form, None)
    else:
        slow = surrogate(features.detach(), form, kappa, 30.0)
    (reference,) = torch.autograd.grad(slow(features), features)
    how = recipe(form, False, 30, kappa)
    _, kernel, _, gradient = both(features.detach(), how)
    most = float(reference.abs().max())
    assert most > 0
    for found in (kernel, gradient):
        torch.testing.assert_close(found, reference, atol=1e-6 * most, rtol=1e-4)


@dense_forms
def test_rows_in_parts_are_the_whole(form, monkeypatch):
    features = layer(8, 33, seed=8)
    whole = measure(features, recipe(form, True, 33), with_gradient=True)
    monkeypatch.setattr(_dense, "_TOGETHER", 5 * 33)
    monkeypatch.setattr(_dense, "_PART", 7)
    parts = measure(features, recipe(form, True, 33), with_gradient=True)
    assert parts[0] == pytest.approx(whole[0], rel=1e-12)
    torch.testing.assert_close(parts[1], whole[1], atol=1e-14, rtol=1e-9)


@dense_forms
def test_dead_and_equal_units_have_finite_gradients(form):
    features = layer(8, 20, seed=9)
    features[:, :3], features[:, 4] = 0.0, features[:, 5]
    value, expected, dense, gradient = both(features, recipe(form, False, 20))
    assert dense == pytest.approx(value, abs=1e-9)
    assert bool(gradient.isfinite().all())
    torch.testing.assert_close(gradient, expected, atol=1e-9, rtol=1e-5)


@dense_forms
@with_rms
def test_what_cannot_be_told_is_nan_without_a_gradient(form, rms):
    for features in (torch.zeros(4, 6), torch.ones(3, 2), torch.eye(4)):
        value, gradient = measure(features, recipe(form, rms, 4), with_gradient=True)
        assert math.isnan(value)
        assert float(gradient.abs().max()) == 0
