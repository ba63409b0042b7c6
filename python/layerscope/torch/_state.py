"""The model and the world around it, left as they were found whatever happens in between."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from layerscope.errors import InvalidInputError

__all__ = ["device_of", "restored"]


def device_of(model: torch.nn.Module) -> torch.device | None:
    """Return where the first parameter or buffer lies, None for a model without any."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return None


@contextlib.contextmanager
def restored(model: torch.nn.Module, device: torch.device | None, loader: object) -> Iterator[None]:
    """Run the body in evaluation mode, without gradients, on ``device``; then put all back.

    Put back are: the mode of every submodule (some are frozen in evaluation mode while the rest
    trains), the place of parameters and buffers, the gradient mode, and the random states of
    torch, CUDA, Python, numpy and of the loader's own generators.
    """
    modes = [(module, module.training) for module in model.modules()]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_random_states(device, loader))
        stack.callback(_set_modes, modes)
        try:
            model.eval()
        except NotImplementedError:  # an exported program
            rule = "must have an evaluation mode; capture from the module it was made of"
            raise InvalidInputError("model", rule, type(model).__name__) from None
        if device is not None:
            stack.enter_context(_moved(model, device))
        if any(map(_is_compiled, model.modules())):  # compiled code leaves out hooks added later
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        # The fast path of transformer layers calls no submodule and may return nested tensors.
        stack.callback(
            torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled()
        )
        torch.backends.mha.set_fastpath_enabled(False)
        # no_grad and not inference_mode: a tensor that the model keeps stays usable in training.
        stack.enter_context(torch.no_grad())
        yield


def _set_modes(modes: list[tuple[torch.nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training


def _is_compiled(module: torch.nn.Module) -> bool:
    return "_orig_mod" in module._modules or module._compiled_call_impl is not None


@contextlib.contextmanager
def _moved(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Lend parameters and buffers to another device; the originals come back untouched."""
    parameters = [(one, one.data) for one in model.parameters() if one.device != device]
    buffers = [
        (module, key, buffer)
        for module in model.modules()
        for key, buffer in module._buffers.items()
        if buffer is not None and buffer.device != device
    ]
    try:
        try:
            for parameter, data in parameters:
                # Set in place: recurrent modules hold their parameters in lists of their own.
                parameter.data = data.to(device)
            copies = {id(buffer): buffer.to(device) for _, _, buffer in buffers}
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            rule = "must be able to hold the model"
            raise InvalidInputError("device", rule, f"{device}: {error}") from error
        for module, key, buffer in buffers:
            module._buffers[key] = copies[id(buffer)]
        yield
    finally:
        for parameter, data in parameters:
            parameter.data = data
        for module, key, buffer in buffers:
            module._buffers[key] = buffer


@contextlib.contextmanager
def _random_states(device: torch.device | None, loader: object) -> Iterator[None]:
    cuda: Any = torch.cuda
    used = cuda.is_initialized() or (device is not None and device.type == "cuda")
    on_gpus = cuda.get_rng_state_all() if used else None
    on_cpu = torch.get_rng_state()
    of_python = random.getstate()
    of_numpy = np.random.get_state()  # noqa: NPY002  (what others draw from it is put back)
    of_loader = [(one, one.get_state()) for one in _generators(loader)]
    try:
        yield
    finally:
        torch.set_rng_state(on_cpu)
        if on_gpus is not None:
            cuda.set_rng_state_all(on_gpus)
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002
        for generator, state in of_loader:
            generator.set_state(state)


def _generators(loader: object) -> list[torch.Generator]:
    """Return the generators that a DataLoader and its samplers draw from, each once."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    holders: list[Any] = [loader, getattr(loader, "sampler", None), batch_sampler]
    holders.append(getattr(batch_sampler, "sampler", None))
    found = [getattr(holder, "generator", None) for holder in holders]
    return list({id(one): one for one in found if isinstance(one, torch.Generator)}.values())
