"""The differentiable self-similarity beside the K × pairs formulation in torch, and their peaks.

Needs torch, which the other benches do without: run it by itself, ``python
benches/python/self_similarity_loss.py``, in an environment that has it.
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from _bench import Agreement, Case, Job, options_of, print_machine, run
from layerscope.torch import self_similarity

TITLE = "self-similarity, forward and backward, float32"
SHAPES = ((384, 64), (768, 64))


def by_pairs(features: torch.Tensor) -> torch.Tensor:
    """Compare each of K scales with each pair of units, as the method is written down.

    The step's smooth stand-in f · sigmoid(κ (θ − C)) has κ = 1 and f = D, and takes part in the
    gradient alone.
    """
    n_samples, n_units = features.shape
    first, second = torch.triu_indices(n_units, n_units, 1)
    squares = features.square().sum(0)
    products = features.T @ features
    c = (squares[:, None] + squares - 2 * products)[first, second].clamp(min=1e-12)
    c = (c / n_samples).sqrt()
    low, high = c.min().detach(), c.max().detach()
    x = torch.linspace(float(torch.log1p(low)), float(torch.log1p(high)), 256)
    theta = torch.expm1(x)
    theta[0], theta[-1] = low, high
    hard = (c[None] <= theta[:, None]).to(c.dtype)
    soft = n_units * torch.sigmoid(theta[:, None] - c[None])
    p = (hard + soft - soft.detach()).mean(1)
    boxes = n_units - (n_units - 1) * torch.log(1 + (n_units - 1) * p) / math.log(n_units)
    line = (x[-1] - x) / (x[-1] - x[0])
    return 2 * (boxes.clamp(min=1.0).log() / math.log(n_units) - line).abs().mean()


def both_ways(function: Any, units: int, samples: int) -> tuple[float, torch.Tensor]:
    """Return the value and its gradient."""
    generator = torch.Generator().manual_seed(units + samples)
    features = torch.randn(samples, units, generator=generator, requires_grad=True)
    value = function(features)
    value.backward()
    assert features.grad is not None
    return float(value.detach()), features.grad


FUNCTIONS = {"ours": self_similarity, "pairs": by_pairs}


def agreement(mine: Any, theirs: Any) -> str:
    scale = float(theirs[1].abs().max())
    apart = float((mine[1] - theirs[1]).abs().max()) / scale
    return f"|Δ| {abs(mine[0] - theirs[0]):.0e}, gradient {apart:.0e}"


def case(units: int, samples: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        def timed(function: Any) -> Job:
            def job(threads: int) -> Any:
                torch.set_num_threads(threads)
                return both_ways(function, units, samples)

            return job

        return timed(self_similarity), {"torch, K x pairs": timed(by_pairs)}, agreement

    return Case(f"loss D={units} B={samples}", make, repetitions=5)


def peak(name: str, units: int, samples: int) -> float:
    """Return the megabytes that one call adds to the peak of a fresh process (Linux)."""
    torch.set_num_threads(1)
    both_ways(FUNCTIONS[name], 16, samples)  # what libraries keep once is no part of it
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _status("VmRSS")
    both_ways(FUNCTIONS[name], units, samples)
    return (_status("VmHWM") - before) / 1e3


def _status(entry: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{entry}:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1])


def print_peaks(units: int, samples: int) -> None:
    found = {}
    for name in FUNCTIONS:
        call = [sys.executable, __file__, "--peak", name, str(units), str(samples)]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        found[name] = float(done.stdout)
    print(
        f"peak D={units} B={samples}: ours {found['ours']:.1f} MB, K x pairs "
        f"{found['pairs']:.0f} MB, ratio {found['pairs'] / found['ours']:.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=TITLE)
    parser.add_argument("--peak", nargs=3, metavar=("NAME", "UNITS", "SAMPLES"))
    options = options_of(parser)
    if options.peak:
        name, units, samples = options.peak
        print(peak(name, int(units), int(samples)))
        return
    print_machine("torch")
    run(TITLE, [case(*shape) for shape in SHAPES], full=True)
    if sys.platform == "linux":
        for shape in SHAPES:
            print_peaks(*shape)


if __name__ == "__main__":
    main()
