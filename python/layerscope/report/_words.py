"""A report in words: the summary on top, the warnings by layer, names of columns and settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from layerscope.plot._style import Floats, floats
from layerscope.plot._text import number, readable
from layerscope.report._remedies import misleads

__all__ = [
    "COLUMNS", "cell", "column_name", "counted", "figures", "setting", "summary"
]  # fmt: skip

#: Column of the table -> its heading and what it means.
COLUMNS = {
    "step": ("Checkpoint", "the checkpoint of the run"),
    "layer": ("Layer", "name of the layer"),
    "n_features": ("Features", "number of features per sample"),
    "label_agreement": ("Label agreement", "mean share of neighbours with the sample's own label"),
    "modularity": ("Modularity", "modularity Q of the labels on the neighbour graph"),
    "modularity_low": ("Q low", "lower end of the 95 % interval of modularity"),
    "modularity_high": ("Q high", "upper end of the 95 % interval of modularity"),
    "bound": ("Bound", "the highest modularity that these classes allow"),
    "ratio": ("Q / bound", "modularity as a share of its bound (assortativity)"),
    "z": ("z", "standard deviations above the modularity of permuted labels"),
    "intrinsic_dimension": ("Dimension", "intrinsic dimension by TwoNN"),
    "nnts_previous": (
        "NNTS to previous",
        "share of neighbours in common with the layer before (Jaccard)",
    ),
    "cka_previous": ("CKA to previous", "linear CKA with the layer before"),
    "self_similarity": ("Self-similarity", "self-similarity rate of the units, 0 a power law"),
    "self_similarity_null": ("Self-sim. null", "mean rate of the layer with permuted responses"),
    "theta_min": ("θ min", "smallest distance between two units, where the scales begin"),
    "theta_max": ("θ max", "largest distance between two units, where the scales end"),
    "dead_share": ("Dead units", "share of units that are constant over the samples"),
    "duplicate_share": ("Duplicate units", "share of units equal to an earlier one not dead"),
    "self_similarity_z": ("Self-sim. z", "standard deviations above permuted responses"),
    "n_communities": ("Communities", "communities that Leiden finds in the neighbour graph"),
    "community_modularity": ("Q of communities", "modularity of the communities that were found"),
    "community_splits": ("Splits", "communities that part since the layer before"),
    "community_merges": ("Merges", "sets of communities that join since the layer before"),
    "ami": ("AMI", "adjusted mutual information of communities and classes"),
    "ari": ("ARI", "adjusted Rand index of communities and classes"),
    "box_dimension": ("Box dimension", "dimension of box counts, where six sizes support one"),
    "box_sizes": (
        "Sizes in window",
        "box sizes inside the window, from 2 on with at least 5 boxes; a dimension needs six",
    ),
    "box_law_ratio": (
        "Power / exp.",
        "error of a power law of the box counts over an exponential one's, below 1 fractal; only "
        "where a dimension is supported",
    ),
    "transient_share": ("Transient", "share of neighbour pairs that are in this layer alone"),
    "intrinsic_dimension_se": ("Dim. s.e.", "standard error of the intrinsic dimension"),
    "hubness": ("Hubness", "skewness of how often a sample is a neighbour of others"),
    "n_tied_rows": ("Tied rows", "samples with neighbours at exactly equal distances"),
    "n_duplicate_rows": ("Duplicate rows", "samples that repeat an earlier sample exactly"),
    "n_zero_rows": ("Zero rows", "samples whose features are all zero"),
}
_METRICS = {
    "euclidean": "Euclidean distance",
    "cosine": "cosine similarity",
    "pearson": "Pearson correlation",
    "inner_product": "inner product",
}


def column_name(column: str) -> tuple[str, str]:
    """Return heading and meaning of a column."""
    return COLUMNS.get(column, (readable(column).replace("_", " "), readable(column)))


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "layer"), counted(800, "sample")
    ('1 layer', '800 samples')
    """
    return f"{count:,}".replace(",", "\u2009") + f" {noun}{'' if count == 1 else 's'}"


def cell(value: Any) -> str:
    """Return a table's entry as short text.

    >>> cell(0.12345), cell(float("nan")), cell(1234), cell(-12.345), cell(None)
    ('0.123', '–', '1234', '−12.35', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(int(value)).replace("-", "−")
    if isinstance(value, float | np.floating):
        size = abs(float(value))
        return number(float(value), 3 if size < 10 else 2 if size < 100 else 1)
    return readable(value)


def setting(value: Any) -> str:
    """Return a setting's value as text."""
    if isinstance(value, list | tuple):
        shown = [readable(entry) for entry in value[:60]]
        return ", ".join(shown) + (f", … ({len(value)} in all)" if len(value) > 60 else "")
    return "–" if value is None else readable(value)


def facts(report: Any) -> list[str]:
    """Return what was measured, in few words each."""
    settings = report.settings
    found = [counted(len(report.layers), "layer")]
    if report.steps is not None:
        found.append(counted(len(report.steps), "checkpoint"))
    for key, noun in (("n_samples", "sample"), ("n_features", "feature")):
        if isinstance(settings.get(key), int):
            found.append(counted(settings[key], noun))
    if isinstance(settings.get("n_classes"), int):
        classes = settings["n_classes"]
        found.append("1 class" if classes == 1 else f"{classes} classes")
    if isinstance(settings.get("n_neighbors"), int):
        metric = settings.get("metric")
        by = f" by {_METRICS.get(str(metric), readable(metric))}" if metric else ""
        found.append(f"{counted(settings['n_neighbors'], 'neighbour')} per sample{by}")
    return found


def figures(report: Any) -> list[dict[str, str]]:
    """Return the few numbers that stand in large letters on top."""
    layers, last = report.layers, _of_last_step(report)
    found = []
    value, bound = last("modularity"), last("bound")
    if value is not None and math.isfinite(value[-1]):
        where = "last layer, last checkpoint" if report.steps is not None else "last layer"
        of = f"of {number(bound[-1])} possible" if bound is not None else ""
        found.append({"name": "Modularity", "value": number(value[-1]), "note": f"{where}; {of}"})
        best = int(np.nanargmax(value))
    if value is not None and math.isfinite(value[-1]) and len(layers) > 1:
        found.append({
            "name": "Most organised layer", "value": readable(layers[best]),
            "note": f"layer {best + 1} of {len(layers)}, Q {number(value[best])}",
        })  # fmt: skip
    share = last("label_agreement")
    if share is not None and math.isfinite(share[-1]):
        note = "of a sample's neighbours share its label in the last layer"
        found.append({"name": "Label agreement", "value": percent(share[-1]), "note": note})
    dimension = last("intrinsic_dimension")
    if dimension is not None and math.isfinite(dimension[-1]):
        first = "" if len(layers) == 1 else f"; {number(dimension[0], 1)} in the first"
        text = number(dimension[-1], 1)
        found.append({"name": "Intrinsic dimension", "value": text, "note": f"last layer{first}"})
    return found


def summary(report: Any) -> list[str]:
    """Return what the numbers say, in a few sentences; nothing that they do not carry."""
    last = _of_last_step(report)
    layers = [readable(layer) for layer in report.layers]
    sentences = []
    value, bound, z = last("modularity"), last("bound"), last("z")
    at_end = "" if report.steps is None else f"At checkpoint {readable(report.steps[-1])}, "
    if value is not None and np.isfinite(value).any():
        sentences.append(_course(at_end, "modularity", value, layers))
        sentences += _bound_sentence(value, bound)
    if z is not None and np.isfinite(z).any():
        clear = int((z > 3).sum())
        known = int(np.isfinite(z).sum())
        which = "Every layer" if clear == known else f"{clear} of {known} layers"
        verb = "stands" if clear == known else "stand"
        if known > 1:
            sentences.append(
                f"{which} {verb} out from permuted labels (more than three standard deviations "
                "above their modularity)."
            )
    share = last("label_agreement")
    if share is not None and np.isfinite(share).any():
        first_known, last_known = _ends(share)
        sentences.append(
            f"In {layers[last_known]}, {percent(share[last_known])} of a sample's neighbours have "
            "its label"
            + (f", against {percent(share[first_known])} in {layers[first_known]}."
               if first_known != last_known else ".")
        )  # fmt: skip
    dimension = last("intrinsic_dimension")
    if dimension is not None and np.isfinite(dimension).any():
        sentences.append(_course("", "intrinsic dimension", dimension, layers, digits=1))
    sentences += _units_sentence(last, layers)
    sentences += _communities_sentence(last, layers)
    sentences += _boxes_sentence(last("box_dimension"), layers)
    sentences += _run_sentence(report)
    if not sentences and report.warnings:
        return ["No measure of the classes or of the dimension has a value; the warnings say why."]
    return sentences or ["What was measured stands below; none of it sums up in a sentence."]


def _course(opening: str, what: str, values: Floats, layers: Sequence[str], digits: int = 2) -> str:
    first, last = _ends(values)
    top = int(np.nanargmax(values))
    start = f"{opening}{what}" if opening else f"{what[0].upper()}{what[1:]}"
    if first == last:
        return f"{start} is {number(values[first], digits)} in {layers[first]}."
    text = (
        f"{start} goes from {number(values[first], digits)} in {layers[first]} to "
        f"{number(values[last], digits)} in {layers[last]}"
    )
    if top not in {first, last} and values[top] > max(values[first], values[last]):
        text += f", highest in {layers[top]} ({number(values[top], digits)})"
    return text + "."


def _bound_sentence(value: Floats, bound: Floats | None) -> list[str]:
    _, last = _ends(value)
    if bound is None or not math.isfinite(bound[last]) or bound[last] <= 0:
        return []
    return [
        f"The last value is {percent(value[last] / bound[last])} of the highest that these "
        f"classes allow ({number(bound[last])})."
    ]


def _units_sentence(last: Any, layers: Sequence[str]) -> list[str]:
    """Tell which layer's units lie furthest from their null, of those whose null can be used."""
    z, value, null = (last(f"self_similarity{end}") for end in ("_z", "", "_null"))
    if z is None or value is None or null is None:
        return []
    known = np.flatnonzero(np.isfinite(z))
    dead, duplicate = last("dead_share"), last("duplicate_share")
    fit = known
    if dead is not None and duplicate is not None:
        fit = np.array([at for at in known if not misleads(dead[at], duplicate[at])], int)
    if not len(fit):
        return []
    at = int(fit[np.abs(z[fit]).argmax()])
    text = (
        "Self-similarity of units lies furthest from that of permuted responses in "
        f"{layers[at]}: {number(value[at], 3)} against {number(null[at], 3)}, z {cell(z[at])}"
    )
    if abs(z[at]) < 2:
        text += ", within chance"
    if dead is not None and dead[at] > 0:  # its distance to a unit is kept by permuting that unit
        text += f" (dead units, {number(100 * dead[at], 1)} % of all, narrow the null)"
    left_out = len(known) - len(fit)
    if left_out:
        text += f"; {counted(left_out, 'layer')} with many dead or duplicate units left out"
    return [text + "."]


def _communities_sentence(last: Any, layers: Sequence[str]) -> list[str]:
    """Tell how many communities there are, what becomes of them, how far they are the classes."""
    found, agreement = last("n_communities"), last("ami")
    if found is None:
        return []
    text = f"The neighbour graph of {layers[0]} has {counted_of(found[0], 'community')}"
    if len(layers) > 1:
        text += f", that of {layers[-1]} has {counted_of(found[-1], 'community')}"
        happened = [
            counted_of(float(np.nansum(last(f"community_{kind}s"))), kind)
            for kind in ("split", "merge")
        ]
        text += f", with {happened[0]} and {happened[1]} on the way"
    sentences = [text + "."]
    if agreement is not None and np.isfinite(agreement).any():
        what = "agreement of communities and classes (AMI)"
        sentences.append(_course("", what, agreement, layers))
    return sentences


def counted_of(count: float, noun: str) -> str:
    """Return a whole number with its noun.

    >>> counted_of(1.0, "community"), counted_of(3.0, "community"), counted_of(0.0, "split")
    ('1 community', '3 communities', '0 splits')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{int(count)} {noun if count == 1 else plural}"


def _boxes_sentence(dimension: Floats | None, layers: Sequence[str]) -> list[str]:
    if dimension is None:
        return []
    known = np.flatnonzero(np.isfinite(dimension))
    if not len(known):
        return ["Box counts support a dimension in no layer: too few sizes count."]
    told = ", ".join(f"{layers[at]} {number(dimension[at])}" for at in known[:6])
    which = "every layer" if len(known) == len(layers) else f"{len(known)} of {len(layers)} layers"
    return [f"In {which} box counts support a dimension: {told}{', …' if len(known) > 6 else ''}."]


def _run_sentence(report: Any) -> list[str]:
    if report.steps is None or len(report.steps) < 2 or "modularity" not in report.table:
        return []
    from layerscope.plot._report import by_step

    values = by_step(report, "modularity")[-1]
    if not np.isfinite(values[[0, -1]]).all():
        return []
    first, last = readable(report.steps[0]), readable(report.steps[-1])
    return [
        f"Over training (checkpoint {first} to {last}), the modularity of the last layer goes "
        f"from {number(values[0])} to {number(values[-1])}."
    ]


def percent(share: float) -> str:
    """Return a share as a percentage.

    >>> percent(0.824), percent(float("nan"))
    ('82 %', '–')
    """
    return f"{number(100 * share, 0)} %" if math.isfinite(share) else "–"


def _ends(values: Floats) -> tuple[int, int]:
    known = np.flatnonzero(np.isfinite(values))
    return int(known[0]), int(known[-1])


def _of_last_step(report: Any) -> Any:
    """Return a function column -> values over the layers, at the last checkpoint of a run."""
    rows = len(report.layers)

    def column(name: str) -> Floats | None:
        if name not in report.table or len(report.table) < rows:
            return None
        entries = [np.nan if value is None else value for value in report.table[name][-rows:]]
        return floats(entries)

    return column
