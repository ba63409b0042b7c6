"""Values and gradients of self-similarity in torch against slow forms, autograd and differences."""

from __future__ import annotations

import pytest

import layerscope as ls

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from torch.autograd.gradcheck import GradcheckError, gradcheck  # noqa: E402

from layerscope.torch import self_similarity  # noqa: E402
from tests.torch._units import FORMS, held, layer, slow_paper, surrogate  # noqa: E402


@pytest.mark.parametrize("form", ["paper", "printed"])
@pytest.mark.parametrize(("kappa", "factor"), [(1.0, None), (7.0, 2.0)])
def test_closed_forms_are_those_of_the_slow_formulation(form, kappa, factor):
    features = layer(8, 30).requires_grad_()
    value = self_similarity(features, form=form, kappa=kappa, factor=factor)
    value.backward()
    expected, gradient = slow_paper(features, form, kappa, factor or 30.0)
    assert value.item() == pytest.approx(expected, abs=1e-9)
    scale = float(gradient.abs().max())
    torch.testing.assert_close(features.grad, gradient, atol=1e-5 * scale, rtol=1e-5)


@pytest.mark.parametrize("form", ["paper", "printed"])
def test_closed_forms_are_those_of_arrays(form):
    features = layer(8, 30)
    expected = ls.self_similarity(features.numpy(), form=form, n_null=0).value
    assert float(self_similarity(features, form=form)) == expected


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


class Held(torch.autograd.Function):
    """A value with everything held that the gradient holds, and the kernel's gradient."""

    @staticmethod
    def forward(ctx: object, features: object, value: object, gradient: object) -> object:
        ctx.save_for_backward(gradient)
        return value(features.detach()).detach()

    @staticmethod
    def backward(ctx: object, grad: object) -> tuple:
        return grad * ctx.saved_tensors[0], None, None


def kernel_gradient(features: object, **how: object) -> object:
    own = features.detach().clone().requires_grad_()
    self_similarity(own, **how).backward()
    return own.grad


@pytest.mark.parametrize("form", ["correlation", "covering"])
@pytest.mark.parametrize("scale", [None, "rms"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gradcheck_with_everything_held(form, scale, seed):
    features = layer(4, 9, seed=seed).requires_grad_()
    value = held(features.detach(), form, scale)
    gradient = kernel_gradient(features, form=form, scale=scale)
    assert gradcheck(lambda moved: Held.apply(moved, value, gradient), (features,), atol=1e-6)
    # It is a check: a gradient a hundredth off does not pass.
    with pytest.raises(GradcheckError):
        gradcheck(lambda moved: Held.apply(moved, value, 1.01 * gradient), (features,), atol=1e-6)


@pytest.mark.parametrize("form", ["paper", "printed"])
@pytest.mark.parametrize(("kappa", "factor"), [(1.0, 9.0), (7.0, 2.0)])
def test_gradcheck_of_the_smooth_step(form, kappa, factor):
    features = layer(4, 9, seed=1).requires_grad_()
    value = surrogate(features.detach(), form, kappa, factor)
    gradient = kernel_gradient(features, form=form, kappa=kappa, factor=factor)
    assert gradcheck(lambda moved: Held.apply(moved, value, gradient), (features,), atol=1e-6)
    with pytest.raises(GradcheckError):
        gradcheck(lambda moved: Held.apply(moved, value, 1.01 * gradient), (features,), atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_gradcheck_fails_where_the_grid_moves_along(form):
    """Ends, quantiles and counts move with the features: that is what holding them means."""
    features = layer(4, 9, seed=1).requires_grad_()
    with pytest.raises(GradcheckError):
        gradcheck(lambda moved: self_similarity(moved, form=form), (features,), atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_there_is_no_second_derivative(form):
    features = layer(4, 9).requires_grad_()
    value = self_similarity(features, form=form) ** 2
    (gradient,) = torch.autograd.grad(value, features, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("exponent", [-600, 530])
def test_gradients_by_root_mean_square_at_far_scales(form, exponent):
    # Powers of two round nothing: the gradient of f(X s) is that of f(X) over s.
    one = layer().double().requires_grad_()
    far = (layer().double() * 2.0**exponent).requires_grad_()
    for features in (one, far):
        self_similarity(features, form=form, scale="rms").backward()
    assert one.grad.abs().max() > 0
    torch.testing.assert_close(far.grad * 2.0**exponent, one.grad, rtol=1e-6, atol=1e-12)
