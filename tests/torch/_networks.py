"""Real networks rebuilt from their parameters."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tests._shared import shared


def parameters(name: str) -> dict[str, torch.Tensor]:
    with np.load(shared("weights", name)) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def mnist_mlp() -> nn.Sequential:
    """Six linear layers with one ReLU between each two; keys 1, 3, 5, …"""
    weights = parameters("mnist_mlp_6x100.npz")
    model = nn.Sequential(nn.Flatten())
    for place in range(1, 12, 2):
        out, into = weights[f"{place}.weight"].shape
        model.append(nn.Linear(into, out))
        if place < 11:
            model.append(nn.ReLU(inplace=True))
    model.load_state_dict(weights)
    return model.eval()


class Block(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.stride = 1 if into == out else 2
        self.conv1 = nn.Conv2d(into, out, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.stride == 2:
            quarter = y.shape[1] // 4
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter))
        return self.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(*(Block(16, 16) for _ in range(3)))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def resnet20() -> ResNet20:
    model = ResNet20()
    lost = model.load_state_dict(parameters("cifar10_resnet20.npz"), strict=False)
    assert not lost.unexpected_keys
    assert all(key.endswith("num_batches_tracked") for key in lost.missing_keys)
    return model.eval()


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c_attn = nn.Linear(48, 144, bias=False)
        self.c_proj = nn.Linear(48, 48)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (
            part.reshape(n, t, 3, 16).transpose(1, 2) for part in self.c_attn(x).split(c, dim=2)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(n, t, c))


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c_fc = nn.Linear(48, 192)
        self.c_proj = nn.Linear(192, 48)

    def forward(self, x):
        return self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(48), nn.LayerNorm(48)
        self.attn, self.mlp = Attention(), Mlp()

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(3, 48),
                "wpe": nn.Embedding(11, 48),
                "h": nn.ModuleList(Layer() for _ in range(3)),
                "ln_f": nn.LayerNorm(48),
            }
        )
        self.lm_head = nn.Linear(48, 3, bias=False)

    def forward(self, tokens):
        parts = self.transformer
        x = parts["wte"](tokens) + parts["wpe"](torch.arange(tokens.shape[1]))
        for layer in parts["h"]:
            x = layer(x)
        return self.lm_head(parts["ln_f"](x))


def nano_gpt() -> Gpt:
    model = Gpt()
    model.load_state_dict(parameters("gpt_nano_sort.npz"))
    return model.eval()
