"""Activations of a small network over its training, shipped for ``layerscope demo``.

Where they come from and under which licence: ``README.md`` beside this file.
"""

from __future__ import annotations

from pathlib import Path

from layerscope.activations import Activations, load

__all__ = ["load_demo"]


def load_demo() -> dict[int, Activations]:
    """Return the shipped activations, one stack per checkpoint.

    Returns
    -------
    dict of int to Activations
        Training step (0 is untrained) to eight layers over the same 500 held-out samples, float16,
        memory-mapped, with the digits as ``labels`` and row numbers of the data set as
        ``sample_ids``; steps ascending.

    Raises
    ------
    MissingExtraError
        If safetensors, part of the ordinary install, is not there.

    Notes
    -----
    Reads the headers only: constant time. Made by ``examples/train_digits.py`` from the Optical
    Recognition of Handwritten Digits data set (Alpaydin and Kaynak, 1998).

    Examples
    --------
    >>> from layerscope.demo_data import load_demo
    >>> run = load_demo()
    >>> tuple(run), run[0].n_samples
    ((0, 50, 150, 400, 1200), 500)
    >>> run[0].layers
    ('input', 'conv1', 'conv2', 'conv3', 'conv4', 'fc1', 'fc2', 'logits')
    """
    files = sorted(Path(__file__).parent.glob("step-*.safetensors"))
    steps = {int(path.stem.removeprefix("step-")): path for path in files}
    return {step: load(steps[step]) for step in sorted(steps)}
