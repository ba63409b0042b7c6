"""The settings of the papers, by name; a parameter given beside a preset departs from it."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope._settings import check_choice

__all__ = ["PRESETS", "Preset", "get_preset"]


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


def get_preset(name: object) -> Preset | None:
    """Return the preset of that name, None for None."""
    return None if name is None else PRESETS[check_choice("preset", name, PRESETS)]
