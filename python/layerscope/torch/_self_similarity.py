"""Self-similarity of a batch of features, differentiable.

CPU tensors go through the Rust kernel, which gives the number and its gradient in one pass.
Tensors elsewhere stay there for the closed forms and the correlation form, written in torch;
the covering form merges clusters one after another, so its features are moved to the CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from layerscope import _core
from layerscope._settings import check_choice, check_float
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.torch._dense import Recipe, measure

__all__ = ["FORMS", "self_similarity"]

FORMS = ("paper", "printed", "covering", "correlation")
_K, _K_CORRELATION = 256, 64
_AXES = 2
_LOSS = "or give them to SelfSimilarityLoss, which does so"
_HINTS = {
    3: f" (average tokens first, features.mean(1), {_LOSS})",
    4: f" (average maps first, features.mean((2, 3)), {_LOSS})",
}
_HALVES = (torch.float16, torch.bfloat16)


def self_similarity(
    features: torch.Tensor,
    *,
    form: str = "paper",
    scale: str | None = None,
    kappa: float = 1.0,
    factor: float | None = None,
) -> torch.Tensor:
    """Measure the self-similarity of units, as a scalar that can be differentiated.

    Parameters
    ----------
    features : torch.Tensor of shape (samples, units)
        Responses, a column per unit.
    form : {"paper", "printed", "covering", "correlation"}, default "paper"
        ``"paper"`` and ``"printed"`` count exactly on the way forward and differentiate a smooth
        step on the way back (straight-through). ``"correlation"`` is the slope of the smoothed
        correlation sum; it differs from the form of that name of
        :func:`layerscope.self_similarity`, which counts. ``"covering"`` takes its mean over the
        D − 1 merges of complete linkage, where that function takes it over a grid; its gradient
        is a subgradient.
    scale : {None, "rms"}, optional
        Divide every distance by their root mean square, held fixed in the gradient.
    kappa, factor : float, optional
        κ and f of the smooth step f · sigmoid(κ(θ − C)) of the closed forms; 1 and D by default.

    Returns
    -------
    torch.Tensor
        A scalar of the dtype of ``features`` (float32 for the half kinds), on its device; NaN
        with a zero gradient for fewer than three units or one distance only, NaN with a gradient
        of NaN where a feature is not finite.

    Raises
    ------
    InvalidTypeError
        If ``features`` is not a floating tensor.
    InvalidInputError
        If it has another number of axes, no sample or no unit; for an unknown form or scale.

    Notes
    -----
    O(D² B) time and 8 D² bytes for D units and B samples. Computed outside autocast and in float64
    (in float32 on Apple's devices, which have nothing wider). The ends of the grid of scales, the
    quantiles and the root mean square are held fixed.

    Where it runs: CPU tensors in the Rust kernel, on as many threads as torch may take. On other
    devices the closed forms and the correlation form run in torch, on the device, and nothing but
    single numbers comes back; the covering form is moved to the CPU, into the kernel, and its
    gradient back.

    References
    ----------
    Ding et al., arXiv 2507.17785 (2025).

    Examples
    --------
    >>> import torch
    >>> from layerscope.torch import self_similarity
    >>> features = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    >>> features.requires_grad_()  # doctest: +ELLIPSIS
    tensor(...)
    >>> self_similarity(features).backward()
    >>> features.grad.shape
    torch.Size([64, 32])
    """
    if not isinstance(features, torch.Tensor) or not features.is_floating_point():
        kind = features.dtype if isinstance(features, torch.Tensor) else type(features).__name__
        raise InvalidTypeError("features", "must be a tensor of floats", kind)
    if features.ndim != _AXES or 0 in features.shape:
        rule = "must have two axes, samples and units, neither of them empty"
        rule += _HINTS.get(features.ndim, "")
        raise InvalidInputError("features", rule, f"shape {tuple(features.shape)}")
    form = check_choice("form", form, FORMS)
    if scale is not None:
        scale = check_choice("scale", scale, ("rms",))
    recipe = Recipe(
        form=form,
        rms=scale == "rms",
        n_thetas=_K_CORRELATION if form == "correlation" else _K,
        kappa=check_float("kappa", kappa, low=0.0),
        factor=float(features.shape[1]) if factor is None else check_float("factor", factor),
    )
    if recipe.kappa == 0:
        raise InvalidInputError("kappa", "must be above 0", kappa)
    with torch.autocast(features.device.type, enabled=False):
        wide = features.float() if features.dtype in _HALVES else features
        answer: torch.Tensor = _SelfSimilarity.apply(wide, recipe)
    return answer


class _SelfSimilarity(torch.autograd.Function):  # type: ignore[misc]
    """Value forward; the gradient is computed beside it and multiplied on the way back."""

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, recipe: Recipe) -> torch.Tensor:
        wanted = ctx.needs_input_grad[0]
        values = features.detach()
        if not bool(torch.isfinite(values).all()):
            # As any operation of torch: a step that overflowed is for the scaler to skip.
            value, gradient = float("nan"), torch.full_like(values, float("nan"))
        elif values.device.type == "cpu" or recipe.form == "covering":
            value, gradient = _in_rust(values, recipe, wanted)
        else:
            value, gradient = measure(values, recipe, with_gradient=wanted)
        if wanted:
            ctx.save_for_backward(gradient)
        return features.new_tensor(value)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return grad * gradient, None


def _in_rust(
    values: torch.Tensor, recipe: Recipe, with_gradient: bool
) -> tuple[float, torch.Tensor]:
    array = values.cpu().contiguous().numpy()
    value, gradient = _core.self_similarity_gradient(
        array,
        recipe.form,
        recipe.rms,
        recipe.n_thetas,
        recipe.kappa,
        recipe.factor,
        with_gradient,
        torch.get_num_threads(),
    )
    return value, torch.from_numpy(gradient).to(values)
