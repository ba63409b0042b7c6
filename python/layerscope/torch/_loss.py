"""Self-similarity as a training constraint (Ding et al., arXiv 2507.17785, 2025)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from layerscope._settings import check_choice, check_float, check_seed
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.torch._hooks import choose
from layerscope.torch._listener import Listener, averaged, named
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

    Copies, deep or pickled, of an attached model and of the loss are detached: :meth:`attach` them
    anew. ``state_dict`` holds the gate's samples, the epoch and where the draws are; a run that is
    resumed with it goes on as one that was never stopped.

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
        self.draw = check_choice("draw", draw, ("one", "all"))
        if not isinstance(gate, bool):
            raise InvalidTypeError("gate", "must be True or False", repr(gate))
        self.gate = gate
        self.value: dict[str, float] = {}
        self.random_state = check_seed(random_state)
        self._generator = torch.Generator().manual_seed(self.random_state)
        self._features: dict[str, torch.Tensor] = {}
        self._handles: dict[str, Any] = {}
        self._epoch = 0
        self._old: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}
        modules = _modules(layers)
        self.layers = None if modules else layers
        self._given_modules = bool(modules)
        if modules:
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
        if self._given_modules:
            rule = "must be names to attach by: this loss was made of modules; make it anew of them"
            raise InvalidInputError("layers", rule, "modules")
        chosen = choose(model, self.layers)
        self.detach()
        self._listen({wanted.path: wanted.module for wanted in chosen})
        return self

    def detach(self) -> None:
        """Remove the hooks and forget the features of the last forward pass."""
        for handle in self._handles.values():
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
            layers = dict(self._features)
            self._features.clear()
        else:
            layers = {name: averaged(tensor) for name, tensor in named(features).items()}
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

    def get_extra_state(self) -> dict[str, Any]:
        """Return what ``state_dict`` saves: the gate's samples, the epoch, where the draws are."""
        return {
            "epoch": self._epoch,
            "old": dict(self._old),
            "seen": {name: list(values) for name, values in self._seen.items()},
            "draws": self._generator.get_state(),
        }

    def set_extra_state(self, state: Any) -> None:
        """Go on from a saved state, as ``load_state_dict`` does; hooks and settings stay.

        Parameters
        ----------
        state : dict
            What :meth:`get_extra_state` returned.

        Raises
        ------
        InvalidInputError
            For anything else.
        """
        try:
            epoch, draws = int(state["epoch"]), state["draws"]
            old = {name: float(value) for name, value in state["old"].items()}
            seen = {name: [float(value) for value in row] for name, row in state["seen"].items()}
            self._generator.set_state(draws.cpu())  # a map_location may have moved it
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):
            rule = "must be what get_extra_state of a SelfSimilarityLoss returned"
            raise InvalidInputError("state", rule, repr(state)) from None
        self._epoch, self._old, self._seen = epoch, old, seen

    def extra_repr(self) -> str:
        """Return the settings, and the layers that are listened to, for ``repr``."""
        settings = ("target", "form", "scale", "weight", "layers", "draw", "gate", "random_state")
        shown = [f"{name}={getattr(self, name)!r}" for name in settings]
        return ", ".join([*shown, f"listening_to={list(self._handles)}"])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the hooks, what they heard and the generator's object: a copy is detached."""
        kept = {name: held for name, held in self.__dict__.items() if name != "_generator"}
        return {**kept, "_handles": {}, "_features": {}, "_draws": self._generator.get_state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a copied or saved state; the draws go on where they were."""
        kept = dict(state)
        generator = torch.Generator()
        generator.set_state(kept.pop("_draws").cpu())
        super().__setstate__(kept)
        self._generator = generator

    def _listen(self, modules: Mapping[str, torch.nn.Module]) -> None:
        for name in modules:
            self._target_of(name)
        for name, module in modules.items():
            listener = Listener(name, self._features)
            self._handles[name] = module.register_forward_hook(listener)

    def _target_of(self, name: str) -> float:
        if not isinstance(self.target, Mapping):
            return float(self.target)
        if name not in self.target:
            raise InvalidInputError(
                "target", "must have an entry for every layer", f"none for {name!r}"
            )
        return float(self.target[name])

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
