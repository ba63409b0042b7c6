"""Self-similarity as a training constraint (Ding et al., arXiv 2507.17785, 2025)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from layerscope._settings import check_choice, check_float, check_seed
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.torch._hooks import choose
from layerscope.torch._self_similarity import FORMS, self_similarity

__all__ = ["SelfSimilarityLoss"]

#: A move of more than this share since the last sample closes the gate; epochs between samples.
_GATE, _EPOCHS = 0.05, 5


class SelfSimilarityLoss(torch.nn.Module):  # type: ignore[misc]
    """The term that draws the self-similarity of layers towards a target.

    weight · ½ (S − γ)², S the self-similarity of a layer's features in this batch. Either call
    the loss with a tensor (or several), or let it listen: give the modules as ``layers``, or their
    paths and :meth:`attach` it to a model, and call it without arguments after each forward pass.

    Parameters
    ----------
    target : float, or mapping of layer to float
        γ, the level to reach; the paper takes the level of the model trained without the term.
    form : {"paper", "printed", "covering", "correlation"}, default "paper"
        See :func:`layerscope.torch.self_similarity`.
    scale : {None, "rms"}, optional
        Divide distances by their root mean square. Without it, targets beyond what the scale of
        the features allows make the features grow instead.
    weight : float, default 1e-4
        The paper's α.
    layers : sequence of torch.nn.Module, or of str, optional
        Modules to listen to at once; or paths and patterns of them for :meth:`attach`, all
        modules without submodules when left out.
    draw : {"one", "all"}, default "one"
        At each call take one of the layers at random, or the mean over all of them.
    gate : bool, default False
        Weaken the term by 1 − min(abs(S − S_old) / S_old, 0.05) / 0.05, so that it is off while S
        moved by more than 5 % since S_old was sampled. S_old is the mean over the first epoch and
        over each fifth after it; in the first epoch the term is off. Call :meth:`epoch_end`
        after every epoch.
    random_state : int, default 0
        Seed of the draws, which leave torch's own random state alone.

    Attributes
    ----------
    value : dict of str to float
        The last S of each layer that was measured; an explicit tensor is named ``"features"``.

    Raises
    ------
    InvalidInputError
        For an unknown form, scale or draw, a negative weight, a target that is not finite.

    Notes
    -----
    A layer without a value in this batch (fewer than three units, all units at one distance) adds
    nothing, and its ``value`` is NaN. Maps (samples, channels, height, width) are averaged over
    height and width, token sequences (samples, tokens, units) over tokens. The samples come first:
    modules that put tokens first, as torch's transformer layers do without ``batch_first=True``,
    must be given as tensors, turned with ``output.transpose(0, 1)``. Takes O(D² B) time a layer.

    References
    ----------
    Ding et al., arXiv 2507.17785 (2025).

    Examples
    --------
    >>> import torch
    >>> from layerscope.torch import SelfSimilarityLoss
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU())
    >>> constraint = SelfSimilarityLoss(0.3, layers=["1"]).attach(model)
    >>> loss = model(torch.randn(16, 8)).square().mean() + constraint()
    >>> loss.backward()
    >>> constraint.detach()
    """

    def __init__(
        self,
        target: float | Mapping[str, float],
        *,
        form: str = "paper",
        scale: str | None = None,
        weight: float = 1e-4,
        layers: Any = None,
        draw: str = "one",
        gate: bool = False,
        random_state: int = 0,
    ) -> None:
        super().__init__()
        if isinstance(target, Mapping):
            self.target: Any = {name: check_float("target", g) for name, g in target.items()}
        else:
            self.target = check_float("target", target)
        self.form = check_choice("form", form, FORMS)
        self.scale = None if scale is None else check_choice("scale", scale, ("rms",))
        self.weight = check_float("weight", weight, low=0.0)
        self.layers = layers
        self.draw = check_choice("draw", draw, ("one", "all"))
        if not isinstance(gate, bool):
            raise InvalidTypeError("gate", "must be True or False", repr(gate))
        self.gate = gate
        self.value: dict[str, float] = {}
        self._generator = torch.Generator().manual_seed(check_seed(random_state))
        self._features: dict[str, torch.Tensor] = {}
        self._handles: list[Any] = []
        self._epoch = 0
        self._old: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}
        modules = _modules(layers)
        if modules:
            self.layers = None
            self._listen({f"layer {i}": module for i, module in enumerate(modules)})

    def attach(self, model: torch.nn.Module) -> SelfSimilarityLoss:
        """Listen to the layers of a model; what they say in a forward pass is what is measured.

        Parameters
        ----------
        model : torch.nn.Module
            Its modules named by ``layers``.

        Returns
        -------
        SelfSimilarityLoss
            Itself.

        Raises
        ------
        InvalidInputError
            For a name that is no module's.
        """
        if not isinstance(model, torch.nn.Module):
            raise InvalidTypeError("model", "must be a torch module", type(model).__name__)
        chosen = choose(model, self.layers)
        self.detach()
        self._listen({wanted.path: wanted.module for wanted in chosen})
        return self

    def detach(self) -> None:
        """Remove the hooks and forget the features of the last forward pass."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._features.clear()

    def forward(self, features: Any = None) -> torch.Tensor:
        """Return the term, a scalar to add to the task's loss.

        Parameters
        ----------
        features : torch.Tensor, or a sequence or mapping of them, optional
            Each (samples, units), maps or token sequences; what the hooks heard when left out.

        Returns
        -------
        torch.Tensor

        Raises
        ------
        InvalidInputError
            If there is neither a tensor nor anything heard since the last call.
        """
        if features is None:
            if not self._features:
                rule = "must be given, or the loss listen to a model and the model be called before"
                raise InvalidInputError("features", rule, "nothing")
            layers, self._features = self._features, {}
        else:
            layers = {name: averaged(tensor) for name, tensor in _named(features).items()}
        names = list(layers)
        if self.draw == "one":
            at = int(torch.randint(len(names), (), generator=self._generator))
            return self._term(names[at], layers[names[at]])
        return torch.stack([self._term(name, layers[name]) for name in names]).mean()

    def epoch_end(self) -> None:
        """Say that an epoch is over, which is when the gate takes its samples."""
        if self._epoch % _EPOCHS == 0:
            for name, values in self._seen.items():
                self._old[name] = sum(values) / len(values)
        self._seen.clear()
        self._epoch += 1

    def _listen(self, modules: Mapping[str, torch.nn.Module]) -> None:
        for name in modules:
            self._target_of(name)
        for name, module in modules.items():
            self._handles.append(module.register_forward_hook(self._hook(name)))

    def _target_of(self, name: str) -> float:
        if not isinstance(self.target, Mapping):
            return float(self.target)
        if name not in self.target:
            raise InvalidInputError(
                "target", "must have an entry for every layer", f"none for {name!r}"
            )
        return float(self.target[name])

    def _hook(self, name: str) -> Any:
        def hear(_module: Any, _inputs: Any, output: Any) -> None:
            if not isinstance(output, torch.Tensor):
                rule = "must return a tensor, or its output be given to the loss explicitly"
                raise InvalidTypeError(f"layer {name!r}", rule, type(output).__name__)
            if torch.is_grad_enabled():
                # Averaged now: an operation in place may change the output afterwards.
                self._features[name] = averaged(output)

        return hear

    def _term(self, name: str, features: torch.Tensor) -> torch.Tensor:
        target = self._target_of(name)
        value = self_similarity(features, form=self.form, scale=self.scale)
        now = float(value.detach())
        self.value[name] = now
        if not math.isnan(now):
            self._seen.setdefault(name, []).append(now)
        if math.isnan(now):
            # Fewer than three units, or one distance only: no value to draw anywhere. Times a NaN
            # even a gradient of zero is NaN, so the features stay out of the term. What is not
            # finite itself goes on being NaN, to be seen.
            return (features * 0.0).sum()
        term = self.weight * 0.5 * (value - target) ** 2
        return term * self._open(name, now) if self.gate else term

    def _open(self, name: str, now: float) -> float:
        old = self._old.get(name)
        if old is None:
            return 0.0
        moved = abs(now - old) / old if old else float(now != old)
        return 1.0 - min(moved, _GATE) / _GATE


def _modules(layers: Any) -> list[torch.nn.Module]:
    """Return the modules among ``layers``, if that is what they are."""
    if layers is None or isinstance(layers, str | Mapping):
        return []
    entries = [layers] if isinstance(layers, torch.nn.Module) else list(layers)
    modules = [entry for entry in entries if isinstance(entry, torch.nn.Module)]
    if modules and len(modules) < len(entries):
        raise InvalidTypeError("layers", "must be modules or names, not both", "a mixture")
    return modules


def _named(features: Any) -> dict[str, Any]:
    if isinstance(features, torch.Tensor):
        return {"features": features}
    if isinstance(features, Mapping):
        named = dict(features)
    elif isinstance(features, list | tuple):
        named = {f"layer {i}": tensor for i, tensor in enumerate(features)}
    else:
        rule = "must be a tensor, or a sequence or mapping of tensors"
        raise InvalidTypeError("features", rule, type(features).__name__)
    if not named:
        raise InvalidInputError("features", "must not be empty", "nothing")
    return named


def averaged(features: torch.Tensor) -> torch.Tensor:
    """Return (samples, units): maps averaged over height and width, sequences over tokens."""
    if not isinstance(features, torch.Tensor):
        raise InvalidTypeError("features", "must be a tensor of floats", type(features).__name__)
    if features.ndim == 4:
        return features.mean((2, 3))
    if features.ndim == 3:
        return features.mean(1)
    # A copy: a later operation in place must not change what is measured.
    return features.clone()
