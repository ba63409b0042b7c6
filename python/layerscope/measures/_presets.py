"""The settings of the papers, by name; a parameter given beside a preset departs from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layerscope._settings import check_choice

__all__ = [
    "NAMES",
    "PRESETS",
    "STACK_PRESETS",
    "UNIT_PRESETS",
    "Preset",
    "StackPreset",
    "UnitPreset",
    "get_preset",
    "get_stack_preset",
    "get_unit_preset",
]


@dataclass(frozen=True)
class Preset:
    """What a paper used.

    Attributes
    ----------
    name : str
        Name of the preset.
    n_neighbors : int
        Neighbours per row, k.
    metric, weight : str
        Of the neighbours and of the arcs.
    n_subsamples, subsample_size : int
        Batches over which the paper takes the mean, and the rows in each.
    """

    name: str
    n_neighbors: int
    metric: str
    weight: str
    n_subsamples: int
    subsample_size: int


PRESETS = {
    "eccv2022": Preset(
        name="eccv2022",
        n_neighbors=3,
        metric="cosine",
        weight="similarity",
        n_subsamples=5,
        subsample_size=500,
    ),
}


@dataclass(frozen=True)
class StackPreset:
    """What a paper on neighbourhoods across layers used; maps are flattened.

    Attributes
    ----------
    name : str
        Name of the preset.
    n_neighbors : int
        Neighbours per sample, k.
    metric : str
        Distance of the neighbours.
    gap : int
        α, the missing layers that a run bridges.
    """

    name: str
    n_neighbors: int
    metric: str
    gap: int


STACK_PRESETS = {
    "nnts2020": StackPreset(name="nnts2020", n_neighbors=15, metric="euclidean", gap=0),
}


@dataclass(frozen=True)
class UnitPreset:
    """What a paper on the units of a layer used.

    Attributes
    ----------
    name : str
        Name of the preset.
    form : str
        Which count of boxes.
    n_thetas : int
        K, the number of scales.
    layouts : mapping of int to str
        By the number of axes of a layer, what they are; all but samples and units are averaged.
    """

    name: str
    form: str
    n_thetas: int
    layouts: Mapping[int, str]


UNIT_PRESETS = {
    "selfsim2025": UnitPreset(
        name="selfsim2025",
        form="paper",
        n_thetas=256,
        layouts={3: "NTC", 4: "NCHW"},
    ),
}

#: Every preset, whatever it concerns.
NAMES = (*PRESETS, *STACK_PRESETS, *UNIT_PRESETS)


def get_preset(name: object) -> Preset | None:
    """Return the preset of modularity of that name, None for None."""
    return None if name is None else PRESETS[check_choice("preset", name, PRESETS)]


def get_stack_preset(name: object) -> StackPreset | None:
    """Return the preset of NNTS and NNTP of that name, None for None."""
    return None if name is None else STACK_PRESETS[check_choice("preset", name, STACK_PRESETS)]


def get_unit_preset(name: object) -> UnitPreset | None:
    """Return the preset of self-similarity of that name, None for None."""
    return None if name is None else UNIT_PRESETS[check_choice("preset", name, UNIT_PRESETS)]
