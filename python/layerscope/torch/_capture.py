"""Activations of a model, taken while it runs over batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from layerscope._arrays import Array
from layerscope._settings import MemoryLimit, Progress, check_memory, progress_for
from layerscope.activations import Activations
from layerscope.errors import InvalidInputError, LayerscopeError
from layerscope.torch._batches import Batch, Key, Reading, check_key, described
from layerscope.torch._hooks import Recorder, choose
from layerscope.torch._modules import check_ready, unwrapped
from layerscope.torch._outputs import Pick, Reduction
from layerscope.torch._rows import RowEntries, check_rows
from layerscope.torch._spill import Store
from layerscope.torch._state import device_of, restored

__all__ = ["capture"]


def capture(
    model: torch.nn.Module,
    batches: Any,
    *,
    layers: Iterable[str] | Mapping[str, Pick] | None = None,
    layout: str | Mapping[str, str] | None = None,
    pool: str | Callable[[Any], Any] | Mapping[str, Any] | None = None,
    device: Any = None,
    inputs: Callable[[Any], Any] | None = None,
    labels: Key = None,
    ids: Key = None,
    mask: Key = None,
    memory_limit: MemoryLimit = None,
    path: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Activations:
    """Run a model over batches and keep what its modules return.

    The model runs in evaluation mode and without gradients. Afterwards, also after an error or
    Ctrl-C, its hooks, the mode of every submodule, the place of its weights, the gradient mode and
    the random states of torch, CUDA, Python and numpy are as they were.

    Parameters
    ----------
    model : torch.nn.Module
        The model. Compiled ones run uncompiled meanwhile, and parallel ones on their first device;
        paths leave out what these put around a module.
    batches : DataLoader or iterable
        Batches as tensors or arrays, ``(input, label)`` pairs, tuples of inputs, or dictionaries of
        keyword inputs. A lone tensor, array or dictionary is one batch. The second entry of a pair
        is its labels if it has one axis and one entry per sample, unless ``forward`` needs two
        inputs; of a dictionary it is the entry ``labels`` or ``label`` with one axis.
    layers : sequence of str, or mapping of str to pick, optional
        Dotted paths of modules, or patterns (``*`` and ``?`` stay within one part of a path, ``**``
        spans the dots; the first entry that fits a module counts); ``"output"`` is what the model
        returns. None takes every module without submodules. A mapping says for modules that
        return several tensors which to take: an index, a key or field, or a callable of the
        output that returns a tensor. ``"act#2"`` is the second call of ``act`` alone.
    layout : {"NCHW", "NHWC", "NTC"} or mapping of name or pattern to one, optional
        What the axes of outputs with three or four axes are; see :func:`layerscope.pool`.
    pool : {"flatten", "mean", "max", "cls", "last"}, callable, or mapping to one, optional
        How such outputs are reduced, a batch at a time. Matrices are left alone.
    device : torch.device or str, optional
        Where to run; None stays where the first parameter is. Rows always come back to the CPU.
    inputs : callable, optional
        What the model is called with, from the batch as the loader gave it: a tensor, a tuple of
        positional inputs or a dictionary of keyword inputs.
    labels, ids : int, str, callable or False, optional
        Where in a batch the labels and the sample ids are; what an index or key names is not given
        to the model. False collects none. Without ``ids``, those of a DataLoader over a dataset
        with indices are the positions in that dataset, whatever the order it is shuffled into.
    mask : int, str or callable, optional
        Where in a batch the token mask of shape (n, tokens) is, for layers of layout "NTC". It is
        still given to the model.
    memory_limit : int or str, optional
        Bytes of rows to hold in memory; beyond them the rows go to a temporary folder, which is
        removed when the arrays are. What one batch takes is not counted.
    path : str or path, optional
        A new or empty folder to write all rows to; :func:`layerscope.load` reads it again.
    progress : True or callable, optional
        Called with ``(done, total, what)`` after every batch; total is 0 where nobody knows.

    Returns
    -------
    Activations
        A matrix (n_samples, n_features) per layer in the order of execution (a module that holds
        others comes after them), memory-mapped if it went to disk, with labels and sample ids
        where there are any. float16, float32, float64 and bfloat16 stay what they are.

    Raises
    ------
    InvalidTypeError
        For a model that is no module, and for arguments or batches of the wrong kind.
    InvalidInputError
        For a scripted or traced model, one without an evaluation mode, one with lazy modules that
        never ran; unknown names and modules never called; several tensors in one output; three or
        four axes without a layout and a way to pool; layers, labels or ids of different length;
        labels in some batches only; modules called more often in some batches; no batch at all.

    Notes
    -----
    Costs the forward pass and one copy of each captured output, made inside the hook, so that an
    in-place operation after it changes nothing. Peak memory is the rows of all layers, plus those
    of the largest layer while its batches are put together.

    Examples
    --------
    >>> import torch
    >>> from layerscope.torch import capture
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(inplace=True))
    >>> stack = capture(model, [(torch.ones(2, 3), torch.tensor([0, 1]))])
    >>> stack.layers, stack["0"].shape, stack.labels
    (('0', '1'), (2, 4), (0, 1))
    """
    wrapper, model = model, unwrapped(model)
    check_ready(model)
    target = _check_device(device) or device_of(model)
    reduction = Reduction(layout, pool)
    reading = Reading(
        model,
        batches,
        inputs=inputs,
        labels=check_key("labels", labels),
        ids=check_key("ids", ids),
        mask=check_key("mask", mask, may_be_false=False),
    )
    report = progress_for(progress, "capture")
    current: list[Batch] = []
    recorder = Recorder(
        choose(wrapper, layers),
        lambda name, at, tensor: reduction.rows(name, at, tensor, current[-1].mask),
    )
    store = Store(check_memory(memory_limit), path)
    entries = RowEntries()
    try:
        with restored(model, None if device is None else target, batches), recorder.attached():
            for done, batch in enumerate(reading, start=1):
                current[:] = [batch]
                recorder.begin()
                _call(model, _placed(batch.args, target), _placed(batch.kwargs, target), done)
                rows = recorder.end()
                n_rows = check_rows(rows, batch)
                entries.add(batch, n_rows)
                store.check_savable(batch.labels, batch.ids)
                if done == 1:
                    reduction.check_used()
                store.add(rows)
                if report is not None:
                    report(done, reading.total)
        if not current:
            raise InvalidInputError("batches", "must have at least one batch", "none")
        collected = entries.labels, entries.unique_ids()
        arrays = store.finish(*collected)
    except BaseException:
        store.discard()
        raise
    warnings = [*entries.warnings, *_left_out(recorder)]
    return _stack(arrays, *collected, warnings)


def _call(
    model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], number: int
) -> None:
    try:
        model(*args, **kwargs)
    except LayerscopeError:
        raise
    except Exception as error:  # the model's own; what it was given helps to see why
        error.add_note(f"batch {number}: the model was called with {described(args, kwargs)}")
        raise


def _stack(arrays: dict[str, Array], labels: Any, ids: Any, warnings: list[str]) -> Activations:
    return Activations._read(arrays, ids, labels, warnings)


def _left_out(recorder: Recorder) -> list[str]:
    return [
        f"{which} were left out: {', '.join(names[:8])}"
        + (f" and {len(names) - 8} more." if len(names) > 8 else ".")
        for which, names in recorder.left_out().items()
        if names
    ]


def _check_device(device: Any) -> torch.device | None:
    if device is None:
        return None
    try:
        made = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidInputError(
            "device", "must be a device of torch such as 'cpu' or 'cuda'", f"{device!r}"
        ) from error
    if str(made) == "cuda" and torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return made


def _placed(value: Any, device: torch.device | None) -> Any:
    """Return the tensors and arrays inside a value as tensors on the device."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
        value = torch.tensor(value)
    if isinstance(value, torch.Tensor):
        return value if device is None else value.to(device)
    if isinstance(value, dict):
        return {key: _placed(entry, device) for key, entry in value.items()}
    if type(value) in (tuple, list):
        return type(value)(_placed(entry, device) for entry in value)
    return value
