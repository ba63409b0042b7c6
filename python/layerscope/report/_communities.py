"""Charts of communities: how they flow through the layers, how far they are the classes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from layerscope import plot
from layerscope.plot._flow import flow_height, n_folded
from layerscope.report._card import WIDE_HEIGHT, Card, card
from layerscope.report._words import counted

__all__ = ["community_charts"]


def community_charts(results: Mapping[str, Any], where: str = "") -> list[Card]:
    """Return the charts of communities, if they were sought.

    Parameters
    ----------
    results : mapping
        Results by measure.
    where : str
        Put behind each heading.
    """
    followed = results.get("communities")
    if followed is None:
        return []
    height = flow_height(followed)
    drawn = [
        card("communities", f"Communities through the layers{where}", _flow_caption(followed),
             partial(plot.flow, followed), followed.n_communities, wide=True, height=height,
             wide_height=max(height, WIDE_HEIGHT))
    ]  # fmt: skip
    if followed.agreement is not None:
        drawn.append(
            card("community-agreement", f"Communities and classes{where}",
                 "AMI and ARI: 1 when the communities are the classes, 0 for unrelated ones. "
                 "Purity: share of samples of their community's largest class, which many small "
                 "communities raise.",
                 partial(plot.community_agreement, followed), followed.agreement.ami)
        )  # fmt: skip
    return drawn


def _flow_caption(followed: Any) -> str:
    ends = "their largest class" if followed.agreement is not None else "their number"
    text = (
        "Blocks are communities of the neighbour graph and keep their colour while they last; "
        "ribbons are the samples that two of them share. Above: how many there are. On the right, "
        f"where there is room: {ends}."
    )
    if len(followed.layers) > 1:
        happened = [
            counted(int(getattr(followed, kind).sum()), one)
            for kind, one in (("splits", "split"), ("merges", "merge"))
        ]
        text += f" In all {happened[0]} and {happened[1]}"
        text += f", {counted(int(followed.births.sum()), 'birth')}"
        text += f" and {counted(int(followed.deaths.sum()), 'death')}."
    small = n_folded(followed)
    if small:
        text += f" Grey: {counted(small, 'small one')} together."
    return text
