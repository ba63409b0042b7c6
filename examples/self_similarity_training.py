"""Does holding the self-similarity of layers at a level make small networks more accurate?

Three networks of the kinds of Ding et al. 2025 (arXiv 2507.17785), an MLP-Mixer, a vision
transformer and a convolutional network, are trained on Fashion-MNIST with and without
``SelfSimilarityLoss``, seed by seed, and their accuracies compared in pairs::

    python examples/self_similarity_training.py            # two seeds of a tiny setting: a minute
    python examples/self_similarity_training.py --full     # the run of docs/examples
    python examples/self_similarity_training.py --pilot    # the spread, from other seeds

Arms of a pair share the first weights, the order of the batches and the images. The first arm has
no constraint; the self-similarity that each of its blocks ends with is the target of the other
arms, as in the paper: one with the paper's weight 1e-4, the primary comparison, and one with a
thousand times that, under which the term is no longer small beside the task's loss. One block is
drawn at random per step. What counts as a gain, how many seeds that takes and the test were fixed
before the runs: docs/examples/self-similarity-training.md.

Fashion-MNIST is read from ``../shared/data`` beside the checkout, or from the folder that
LAYERSCOPE_SHARED names; its first 10,000 images are the test images (the official split is not
kept there, so no accuracy here is an official one). Needs torch.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import math
import multiprocessing
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from layerscope.torch import SelfSimilarityLoss

#: Weights of the term: none, the paper's, and one that the task's loss does not drown.
ARMS = {"none": 0.0, "paper": 1e-4, "strong": 0.1}
WIDTH, DEPTH, PATCH, BATCH = 64, 4, 7, 128
#: Seeds of ``--full``, from the spread of the pilot.
SEEDS = {"mixer": 12, "transformer": 12, "convolutional": 12}
#: Percentage points that are worth detecting, and the error and power that the seeds are for.
GAIN, ERROR, POWER = 0.5, 0.05, 0.8


class MixerBlock(nn.Module):
    """Mix tokens, then channels, each with a residual connection."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.tokens = nn.Sequential(
            nn.Linear(n_tokens, 2 * n_tokens), nn.GELU(), nn.Linear(2 * n_tokens, n_tokens)
        )
        self.channels = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return tokens of the same shape."""
        x = x + self.tokens(self.norms[0](x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norms[1](x))


class Patches(nn.Module):
    """An image as a sequence of patches, through blocks, averaged and classified."""

    def __init__(self, block: Callable[[int], nn.Module]) -> None:
        super().__init__()
        n_tokens = (28 // PATCH) ** 2
        self.embed = nn.Conv2d(1, WIDTH, PATCH, PATCH)
        self.places = nn.Parameter(0.02 * torch.randn(n_tokens, WIDTH))
        self.blocks = nn.Sequential(*(block(n_tokens) for _ in range(DEPTH)))
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        tokens = self.embed(images).flatten(2).transpose(1, 2) + self.places
        return self.head(self.blocks(tokens).mean(1))


def mixer() -> nn.Module:
    return Patches(MixerBlock)


def transformer() -> nn.Module:
    return Patches(
        lambda _: nn.TransformerEncoderLayer(
            WIDTH, 4, 2 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True
        )
    )


class Convolutional(nn.Module):
    """Four convolutions, the second and the fourth of stride 2."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [1, 16, 32, 64, 64]
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(sizes[i], sizes[i + 1], 3, 2 if i else 1, 1, bias=False),
                    nn.BatchNorm2d(sizes[i + 1]),
                    nn.ReLU(),
                )
                for i in range(4)
            )
        )
        self.head = nn.Linear(sizes[-1], 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.head(self.blocks(images).mean((2, 3)))


NETS: dict[str, Callable[[], nn.Module]] = {
    "mixer": mixer,
    "transformer": transformer,
    "convolutional": Convolutional,
}
#: Each network with either weight against itself without the term; they share the error.
N_COMPARISONS = len(NETS) * (len(ARMS) - 1)
BLOCKS = [f"blocks.{i}" for i in range(4)]


@functools.cache
def fashion() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the 70,000 images, standardised, and their labels."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LAYERSCOPE_SHARED", beside)) / "images"
    arrays = []
    for name, header in (("images-idx3", 16), ("labels-idx1", 8)):
        path = folder / f"fashion-all-{name}-ubyte.gz"
        if not path.is_file():
            sys.exit(f"no {path}: put Fashion-MNIST there, or set LAYERSCOPE_SHARED")
        with gzip.open(path) as file:
            arrays.append(np.frombuffer(file.read()[header:], np.uint8))
    images = torch.from_numpy(arrays[0].reshape(-1, 1, 28, 28).astype(np.float32))
    return (images / 255 - 0.286) / 0.353, torch.from_numpy(arrays[1].astype(np.int64))


def level(net: nn.Module, images: torch.Tensor) -> dict[str, float]:
    """Return the self-similarity of every block, the mean over batches."""
    listener = SelfSimilarityLoss(0.0, layers=BLOCKS, draw="all").attach(net)
    found: dict[str, list[float]] = defaultdict(list)
    for batch in images.split(BATCH):
        net(batch)
        listener()
        for block, value in listener.value.items():
            found[block].append(value)
    listener.detach()
    return {block: float(np.mean(values)) for block, values in found.items()}


def train(
    task: tuple[str, int, str, dict[str, float] | None, int, int],
) -> dict[str, float | str | int | dict[str, float]]:
    """Train one network of one arm; the same arguments give the same one."""
    kind, seed, arm, target, n_images, n_epochs = task
    torch.set_num_threads(1)
    images, labels = fashion()
    torch.manual_seed(seed)
    net = NETS[kind]()
    x, y = images[10_000:], labels[10_000:]
    rows = torch.randperm(len(x))[:n_images]
    x, y = x[rows], y[rows]
    constraint = None
    if target is not None:
        constraint = SelfSimilarityLoss(
            target, layers=BLOCKS, weight=ARMS[arm], random_state=seed
        ).attach(net)
    steps = n_epochs * math.ceil(n_images / BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    begun = time.process_time()
    for _ in range(n_epochs):
        for batch in torch.randperm(n_images).split(BATCH):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
            if constraint is not None:
                loss = loss + constraint()
            loss.backward()
            optimiser.step()
            schedule.step()
    spent = time.process_time() - begun
    if constraint is not None:
        constraint.detach()
    net.eval()
    levels = level(net, x[:1024])
    with torch.no_grad():
        answers = torch.cat([net(part).argmax(1) for part in images[:10_000].split(500)])
    accuracy = 100 * float((answers == labels[:10_000]).float().mean())
    return {
        "net": kind,
        "seed": seed,
        "arm": arm,
        "accuracy": accuracy,
        "levels": levels,
        "seconds": spent,
    }


def run_seed(task: tuple[str, int, int, int]) -> list[dict]:
    """Train the arms of one seed, the free one first: it sets the target of the others."""
    kind, seed, n_images, n_epochs = task
    free = train((kind, seed, "none", None, n_images, n_epochs))
    others = [
        train((kind, seed, arm, free["levels"], n_images, n_epochs))
        for arm in ARMS
        if arm != "none"
    ]
    return [free, *others]


def student(share: float, degrees: int) -> float:
    """Return the quantile of Student's t by bisection of its integral."""
    t = np.linspace(0, 60, 600_001)
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2))
    density = scale / math.sqrt(degrees * math.pi) * (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    below = 0.5 + np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)]) * 1e-4
    return float(np.interp(share, below, t))


def seeds_needed(sd: float) -> int:
    """Return the pairs that detect GAIN with POWER, at ERROR shared by all comparisons."""
    for n in range(3, 1000):
        reach = student(1 - ERROR / 2 / N_COMPARISONS, n - 1) + student(POWER, n - 1)
        if reach * sd / math.sqrt(n) <= GAIN:
            return n
    return 1000


def tell(kind: str, found: list[dict]) -> None:
    """Print the accuracies of a network and the paired differences of its arms."""
    by_arm = {
        arm: np.array([one["accuracy"] for one in found if one["arm"] == arm]) for arm in ARMS
    }
    free = by_arm["none"]
    print(f"\n{kind}, {len(free)} seeds")
    for arm, accuracy in by_arm.items():
        ends = [one["levels"] for one in found if one["arm"] == arm]
        levels = " ".join(f"{np.mean([end[b] for end in ends]):.3f}" for b in BLOCKS)
        print(
            f"  {arm:<7} weight {ARMS[arm]:<7g} accuracy {accuracy.mean():6.2f} "
            f"± {accuracy.std(ddof=1):.2f} (sd)   SS by block {levels}"
        )
    for arm in list(ARMS)[1:]:
        moved = [
            abs(one["levels"][b] - free_one["levels"][b])
            for one, free_one in zip(
                [one for one in found if one["arm"] == arm],
                [one for one in found if one["arm"] == "none"],
                strict=True,
            )
            for b in BLOCKS
        ]
        gain = by_arm[arm] - free
        n, sd = len(gain), float(gain.std(ddof=1))
        half = student(1 - ERROR / 2 / N_COMPARISONS, n - 1) * sd / math.sqrt(n)
        low, high = gain.mean() - half, gain.mean() + half
        if low > 0:
            verdict = "a gain beyond noise"
        elif high < 0:
            verdict = "a loss beyond noise"
        else:
            verdict = "not beyond noise"
        if high < GAIN:
            verdict += f"; a gain of {GAIN} points is excluded"
        print(
            f"  {arm:<7} − none: {gain.mean():+.2f} points, interval {low:+.2f} to {high:+.2f} "
            f"(sd of a pair {sd:.2f}, seeds needed {seeds_needed(sd)}): {verdict}; "
            f"mean distance from the target {np.mean(moved):.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--full", action="store_true", help="the seeds that the docs state")
    kind.add_argument("--pilot", action="store_true", help="four other seeds, for their spread")
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--seeds", type=int, help="how many")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.seeds is not None and options.seeds < 2:
        parser.error(f"--seeds must be at least 2, for a spread; got {options.seeds}")
    n_images, n_epochs = (6000, 5) if options.full or options.pilot else (2000, 3)
    first = 1000 if options.pilot else 0
    tasks = []
    for name in options.nets:
        n_seeds = options.seeds or (4 if options.pilot else SEEDS[name] if options.full else 2)
        tasks += [(name, first + seed, n_images, n_epochs) for seed in range(n_seeds)]
    print(f"{n_images} training images, {n_epochs} epochs, {3 * len(tasks)} trainings", flush=True)
    found: dict[str, list[dict]] = defaultdict(list)
    begun = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for arms in pool.imap(run_seed, tasks):
            found[arms[0]["net"]] += arms
            shown = "  ".join(f"{one['arm']} {one['accuracy']:.2f}" for one in arms)
            spent = sum(one["seconds"] for one in arms)
            print(f"{arms[0]['net']} seed {arms[0]['seed']}: {shown}  ({spent:.0f} s)", flush=True)
    for name, results in found.items():
        tell(name, results)
    print(f"\n{time.monotonic() - begun:.0f} s by the clock, {options.processes} processes")


if __name__ == "__main__":
    main()
