"""What training does to the self-similarity of layers, on small pretrained networks.

Ding et al. 2025 (arXiv 2507.17785) report the self-similarity rate of layers before and after
training: up in transformers and MLPs, little changed in convolutional networks. This looks at the
pretrained networks in ``../shared/data`` (or in the folder that LAYERSCOPE_SHARED names): a rate
for every layer, beside the same network with fresh weights, and beside its permuted null::

    python examples/self_similarity_trained.py                                   # a minute
    python examples/self_similarity_trained.py --seeds 10 --figure rates.png     # as in the docs

Fresh copies have He's normal weights in convolutions, normal ones of 0.02 in the transformer, and
torch's own elsewhere; their batch norms take the statistics of the data. Maps are averaged over
height and width, sequences over tokens. What was found: docs/examples/self-similarity-trained.md.
Needs torch; the figure matplotlib.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import layerscope as ls
from layerscope.torch import capture


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut without parameters."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.stride = 1 if n_in == n_out else 2
        self.conv1 = nn.Conv2d(n_in, n_out, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.pad = (n_out - n_in) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the last ReLU."""
        inside = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        around = x[:, :, :: self.stride, :: self.stride]
        return functional.relu(inside + functional.pad(around, (0, 0, 0, 0, self.pad, self.pad)))


class ResNet(nn.Module):
    """A residual network for CIFAR-10 with 6 n + 2 layers."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        for stage, (n_in, n_out) in enumerate(((16, 16), (16, 32), (32, 64)), 1):
            blocks = [ResidualBlock(n_out if i else n_in, n_out) for i in range(n)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        x = functional.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class GptBlock(nn.Module):
    """Causal attention and an MLP, normalised before."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(48), nn.LayerNorm(48)
        self.attn = nn.ModuleDict(
            {"c_attn": nn.Linear(48, 144, bias=False), "c_proj": nn.Linear(48, 48)}
        )
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(48, 192), "c_proj": nn.Linear(192, 48)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return tokens of the same shape."""
        n, t, width = x.shape
        parts = self.attn["c_attn"](self.ln_1(x)).split(width, 2)
        q, k, v = (part.view(n, t, 3, width // 3).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn["c_proj"](mixed.transpose(1, 2).reshape(n, t, width))
        hidden = functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.mlp["c_proj"](hidden)


class Gpt(nn.Module):
    """Three blocks of width 48 over three symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(3, 48), nn.Embedding(11, 48)
        self.h = nn.Sequential(*(GptBlock() for _ in range(3)))
        self.ln_f, self.lm_head = nn.LayerNorm(48), nn.Linear(48, 3, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the logits of every position."""
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return self.lm_head(self.ln_f(self.h(x)))


def mlp(n_layers: int, width: int) -> nn.Module:
    """Return linear layers with ReLU between, numbered as in the checkpoint."""
    sizes = [784, *[width] * (n_layers - 1), 10]
    pairs = itertools.pairwise(sizes)
    layers = [module for n_in, n_out in pairs for module in (nn.Linear(n_in, n_out), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def small_conv(padding: int = 0) -> nn.Module:
    """Return two convolutions and two linear layers, numbered as in the checkpoint."""
    flat = 32 * (7 if padding else 5) ** 2
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, padding), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, padding), nn.ReLU(),
        nn.Flatten(), nn.Linear(flat, 100), nn.ReLU(), nn.Linear(100, 10),
    )  # fmt: skip


@dataclass(frozen=True)
class Net:
    """A checkpoint, its architecture, what to listen to, and its data."""

    file: str
    make: Callable[[], nn.Module]
    layers: list[str]
    data: str


def resnet(n_layers: int) -> Net:
    n = (n_layers - 2) // 6
    layers = ["bn1", *(f"layer{stage}.{i}" for stage in (1, 2, 3) for i in range(n))]
    return Net(f"cifar10_resnet{n_layers}", lambda: ResNet(n), layers, "cifar")


def perceptron(n_layers: int, width: int) -> Net:
    layers = [str(2 * i) for i in range(1, n_layers)]
    return Net(f"mnist_mlp_{n_layers}x{width}", lambda: mlp(n_layers, width), layers, "mnist")


NETS = [
    resnet(20),
    resnet(56),
    Net("mnist_conv_small", small_conv, ["1", "3", "6"], "mnist, standardised"),
    Net("fashion_cnn_robust", lambda: small_conv(1), ["1", "3", "6"], "fashion"),
    perceptron(6, 100),
    perceptron(9, 200),
    Net("gpt_nano_sort", Gpt, ["h.0", "h.1", "h.2"], "symbols"),
]


def folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    found = Path(os.environ.get("LAYERSCOPE_SHARED", beside))
    if not (found / "weights").is_dir():
        sys.exit(f"no {found / 'weights'}: set LAYERSCOPE_SHARED to the folder that holds it")
    return found


def samples(data: str, n: int) -> torch.Tensor:
    """Return the first inputs of a data set as its networks take them."""
    if data == "symbols":
        every = list(itertools.product(range(3), repeat=6))
        return torch.tensor(every)[torch.randperm(729, generator=torch.manual_seed(0))[:n]]
    images = folder() / "images"
    if data == "cifar":
        with np.load(images / "cifar10_subset_200.npz") as archive:
            pixels = archive["images"][:n].transpose(0, 3, 1, 2)
        mean = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
        sd = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
        return torch.from_numpy(((pixels / 255).astype(np.float32) - mean) / sd)
    name = "fashion-all-images" if data == "fashion" else "mnist-t10k-images"
    with gzip.open(images / f"{name}-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + 784 * n)[16:], np.uint8).reshape(-1, 1, 28, 28)
    values = torch.from_numpy(pixels.astype(np.float32) / 255)
    return (values - 0.1307) / 0.3081 if "standardised" in data else values


def trained(net: Net) -> nn.Module:
    """Return the network with its pretrained weights; every one of them must fit."""
    made = net.make()
    with np.load(folder() / "weights" / f"{net.file}.npz") as archive:
        weights = {name: torch.from_numpy(archive[name]) for name in archive.files}
    weights = {name.removeprefix("transformer."): value for name, value in weights.items()}
    missing, unexpected = made.load_state_dict(weights, strict=False)
    missing = [name for name in missing if "num_batches" not in name]
    if missing or unexpected:
        sys.exit(f"{net.file} does not fit: missing {missing}, unexpected {unexpected}")
    return made.eval()


def fresh(net: Net, inputs: torch.Tensor, seed: int) -> nn.Module:
    """Return the network as before training."""
    torch.manual_seed(seed)
    made = net.make()
    for module in made.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if net.make is Gpt and isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        made.train()(inputs)
    return made.eval()


def rates(made: nn.Module, net: Net, inputs: torch.Tensor, n_null: int) -> tuple[np.ndarray, ...]:
    """Return for every layer its rate, mean and spread of its null, and its dead units' share."""
    layout = "NTC" if net.data == "symbols" else "NCHW"
    stack = capture(made, inputs.split(100), layers=net.layers, layout=layout, pool="mean")
    found = [ls.self_similarity(X, preset="selfsim2025", n_null=n_null) for X in stack.values()]
    return tuple(np.array([getattr(one, field) for one in found])
                 for field in ("value", "null_mean", "null_sd", "dead_share"))  # fmt: skip


def draw(found: dict[str, tuple[np.ndarray, ...]], path: str) -> None:
    """Draw a panel per network."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    panels = figure.subplots(2, 4).ravel()
    for axes, (name, (before, after, mean, sd)) in zip(panels, found.items(), strict=False):
        at = np.arange(1, len(after) + 1)
        axes.fill_between(at, mean - 2 * sd, mean + 2 * sd, color="#8b97a4", alpha=0.3, lw=0)
        centre, spread = before.mean(0), before.std(0, ddof=1)
        axes.errorbar(at, centre, spread, color="#c65300", marker="o", ms=3, lw=1.2)
        axes.plot(at, after, color="#4d6b2f", marker="o", ms=3, lw=1.6)
        axes.set_title(name, fontsize=9, loc="left")
        axes.set_ylim(0, 0.75)
        axes.set_xticks(at[:: max(1, len(at) // 5)])
        axes.set_xlabel("layer", fontsize=8)
        axes.tick_params(labelsize=8)
    for axes in panels[len(found) :]:
        axes.axis("off")
    words = "green: trained\norange: fresh weights, sd over seeds\ngrey: trained, permuted (± 2 sd)"
    panels[-1].text(0, 0.9, words, va="top", fontsize=9)
    figure.supylabel("self-similarity rate", fontsize=9)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", metavar="PATH", help="write the picture there")
    parser.add_argument("--samples", type=int, default=200, help="inputs of each network")
    parser.add_argument("--seeds", type=int, default=5, help="fresh copies of each network")
    options = parser.parse_args()
    found = {}
    print(
        f"{options.samples} inputs, {options.seeds} fresh copies; rates and shares of dead units "
        "are means over layers.\nUp, down: layers whose rate lies above, below that of all fresh "
        "copies; null: trained layers more than\n2 sd from their own permuted responses.\n"
    )
    print(f"{'network':<20}{'layers':>7}  {'fresh':<15}{'trained':<9}{'permuted':<10}"
          f"{'dead, fresh → trained':<23}{'up':>3}{'down':>6}{'null':>6}")  # fmt: skip
    for net in NETS:
        inputs = samples(net.data, options.samples)
        after, mean, sd, dead = rates(trained(net), net, inputs, 20)
        copies = np.stack(
            [rates(fresh(net, inputs, seed), net, inputs, 0) for seed in range(options.seeds)]
        )
        before, dead_before = copies[:, 0], copies[:, 3]
        found[net.file] = (before, after, mean, sd)
        per_copy = before.mean(1)
        up, down = int((after > before.max(0)).sum()), int((after < before.min(0)).sum())
        beyond = int((np.abs(after - mean) > 2 * sd).sum())
        fresh_rate = f"{per_copy.mean():.3f} ± {per_copy.std(ddof=1):.3f}"
        shares = f"{dead_before.mean():.2f} → {dead.mean():.2f}"
        print(f"{net.file:<20}{len(after):>7}  {fresh_rate:<15}{after.mean():<9.3f}"
              f"{mean.mean():<10.3f}{shares:<23}{up:>3}{down:>6}{beyond:>6}",
              flush=True)  # fmt: skip
    if options.figure:
        draw(found, options.figure)


if __name__ == "__main__":
    main()
