"""The modules of a model by their paths, seen through what merely wraps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.utils import parametrize

from layerscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["Modules", "check_ready", "is_scripted", "modules_of", "unwrapped"]

_FROM = "capture from the module it was made of"


@dataclass
class Modules:
    """Every module of a model, the model first, and what else its paths are called.

    Paths leave out what ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel`` put
    between; ``spellings`` leads there from the paths of ``named_modules``. What computes weights
    (``torch.nn.utils.parametrize``) sees no sample and is left out.
    """

    by_path: dict[str, torch.nn.Module] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)

    def leaves(self) -> Iterator[tuple[str, torch.nn.Module]]:
        """Modules without submodules, each once and by its first path."""
        seen: set[int] = set()
        for path, module in self.by_path.items():
            if id(module) not in seen and not _children(module):
                seen.add(id(module))
                yield path, module

    def script_around(self, path: str) -> str | None:
        """Return the path of the scripted module that a path leads to or into."""
        for known, module in self.by_path.items():
            if is_scripted(module) and (path == known or path.startswith(f"{known}.")):
                return known
        return None


def modules_of(model: torch.nn.Module) -> Modules:
    """Return the modules of a model by path.

    Raises
    ------
    InvalidInputError
        For a ``DataParallel`` over several devices inside the model: its copies answer in no order.
    """
    found = Modules()
    _walk(model, "", "", found)
    return found


def _walk(module: torch.nn.Module, path: str, spelt: str, found: Modules) -> None:
    while wrapped := _wrapped(module):
        if path and isinstance(module, DataParallel) and len(module.device_ids) > 1:
            rule = "must hold no DataParallel over several devices (around all of it is fine)"
            raise InvalidInputError("model", rule, repr(path))
        module, spelt = module._modules[wrapped], _joined(spelt, wrapped)
        if path:
            found.spellings[spelt] = path
    found.by_path[path] = module
    if spelt != path and path:
        found.spellings[spelt] = path
    for name, child in _children(module):
        _walk(child, _joined(path, name), _joined(spelt, name), found)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _children(module: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    if is_scripted(module):
        return []
    ours = "parametrizations" if parametrize.is_parametrized(module) else None
    children = module._modules.items()
    return [(name, child) for name, child in children if child is not None and name != ours]


def _wrapped(module: torch.nn.Module) -> str | None:
    """Return the name under which a wrapper holds what it wraps."""
    if is_scripted(module):
        return None
    if isinstance(module, DataParallel | DistributedDataParallel):
        return "module"
    return "_orig_mod" if "_orig_mod" in module._modules else None  # torch.compile


def is_scripted(module: torch.nn.Module) -> bool:
    """Tell whether a module runs outside Python, where no hook hears it."""
    return isinstance(module, torch.jit.ScriptModule)


def unwrapped(model: Any) -> torch.nn.Module:
    """Return the model inside ``torch.compile``, ``DataParallel`` and the like.

    Raises
    ------
    InvalidTypeError
        For what is no module.
    InvalidInputError
        For a scripted or traced model.
    """
    if not isinstance(model, torch.nn.Module):
        raise InvalidTypeError("model", "must be a torch.nn.Module", type(model).__name__)
    while wrapped := _wrapped(model):
        model = model._modules[wrapped]
    if is_scripted(model):
        rule = f"must not be scripted or traced, since hooks do not hear it; {_FROM}"
        raise InvalidInputError("model", rule, type(model).__name__)
    return model


def check_ready(model: torch.nn.Module) -> None:
    """Refuse a model that a forward pass would change: lazy modules draw their weights in it.

    Raises
    ------
    InvalidInputError
        For lazy modules that have not run yet.
    """
    for path, parameter in (*model.named_parameters(), *model.named_buffers()):
        if torch.nn.parameter.is_lazy(parameter):
            rule = "must have its weights; run it once on a batch"
            raise InvalidInputError("model", rule, f"the lazy {path!r}")
