"""The one high-level call: a stack of layers in, a report out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from layerscope._result import StackResult
from layerscope._settings import METRIC, N_NEIGHBORS, MemoryLimit, Progress, record
from layerscope.activations import as_stack
from layerscope.analyze._advice import advise, advise_run
from layerscope.analyze._measured import Watch, changes, layer_table, measure_stack, n_rows
from layerscope.analyze._plan import Plan, make_plan
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError
from layerscope.report import Report

__all__ = ["analyze", "analyze_run"]


def analyze(
    stack: Any,
    *,
    labels: Any = None,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    measures: Any = None,
    preset: str | None = None,
    n_permutations: int = 100,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Report:
    """Measure every layer of a stack and say what follows.

    The neighbours of each layer are sought once and serve all measures.

    Parameters
    ----------
    stack : Activations, or mapping of str to array-like or Neighbors
        The layers in order; each (n_samples, n_features), rows are the same samples everywhere.
    labels : array-like of length n_samples, optional
        A class per sample; the stack's own labels when it has some.
    n_neighbors : int, default 15
        Neighbours per sample, itself never counted.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}
        Of the neighbour graphs. The intrinsic dimension is always Euclidean.
    measures : str or sequence of str, optional
        Of ``label_agreement``, ``modularity``, ``intrinsic_dimension``, ``nnts``, ``nntp``,
        ``cka``, ``self_similarity``, ``communities``, ``box_counts``. None means all but the last
        two, or those of them that need no labels when there are none. CKA is left out, with a
        warning, where there are no activations or its tiles do not fit under ``memory_limit``.
        Self-similarity takes 256 seeded samples and leaves layers of more than 4,096 columns out.
        Box counts are the best of ten greedy coverings, sketches beyond 20,000 samples.
    preset : {"eccv2022", "nnts2020", "selfsim2025"}, optional
        The settings of Lu et al. (2022): k = 3, cosine, five seeded draws of min(500, n) rows for
        the modularity curve. Or those of Hryniowski and Wong (2020) for NNTS and NNTP, or of Ding
        et al. (2025) for self-similarity, which are the defaults of these. A parameter given
        beside it departs from it.
    n_permutations : int, default 100
        Permutations of the labels for the null of modularity; 0 leaves it out.
    random_state : int, default 0
        Seed of the permutations, subsamples and jackknife groups.
    n_jobs : int, optional
        Threads, None for all cores; never changes a result.
    memory_limit : int or str, optional
        Bytes of scratch for the neighbour search and CKA, or a string such as ``"2GB"``.
    progress : True or callable, optional
        Called with (done, total, what), in thousandths of a layer; CKA counts as one more layer.

    Returns
    -------
    Report
        With ``.table``, ``.results``, ``.advice``, ``.to_html(path)`` and ``.to_json(path)``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Naming the layer, the argument, the rule and the value; before any work where possible.
    MemoryLimitError
        If the neighbour search does not fit under ``memory_limit``.

    Notes
    -----
    O(L n² d) for the exact neighbours of L layers, O(L² n k) for NNTS; CKA takes at most
    about the arithmetic of the neighbours.

    References
    ----------
    Lu et al., Understanding the Dynamics of DNNs Using Graph Modularity, ECCV 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import analyze
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1, 2], 40)
    >>> noise = rng.normal(size=(120, 8))
    >>> report = analyze({"early": noise, "late": noise + 4 * np.eye(8)[labels]}, labels=labels)
    >>> report.layers
    ('early', 'late')
    >>> early, late = report.table["modularity"]
    >>> early < 0.1 < 0.5 < late
    True
    """
    layers = as_stack(stack)
    labels = getattr(stack, "labels", None) if labels is None else labels
    plan = make_plan(
        layers,
        labels=labels,
        n_neighbors=n_neighbors,
        metric=metric,
        measures=measures,
        preset=preset,
        n_permutations=n_permutations,
        random_state=random_state,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
    measured = measure_stack(layers, plan, Watch(plan.progress, len(layers) + plan.rounds))
    return Report(
        layers=tuple(layers),
        table=layer_table({None: measured}, layers),
        results=measured.results,
        steps=None,
        advice=advise(
            tuple(layers), measured.results, measured.tables, has_labels=plan.labels is not None
        ),
        settings=_settings("analyze", plan, tuple(layers), measured.results),
        warnings=_unique([*getattr(stack, "warnings", ()), *measured.warnings]),
    )


def analyze_run(
    run: Mapping[Any, Any],
    *,
    labels: Any = None,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    measures: Any = None,
    preset: str | None = None,
    n_permutations: int = 100,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Report:
    """Measure every layer at every checkpoint of a training run.

    Parameters
    ----------
    run : mapping of step to stack
        Checkpoints in order. All have the same layers in the same order and the same samples.
    labels, n_neighbors, metric, measures, preset, n_permutations, random_state
        As in :func:`analyze`; labels default to those of the first checkpoint that has some.
    n_jobs, memory_limit, progress
        As in :func:`analyze`.

    Returns
    -------
    Report
        Its table has a ``step`` column, ``.results`` maps measure -> step -> result, and the
        advice compares the last two checkpoints, paired on the same rows.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        As :func:`analyze`, and for checkpoints that do not match; the step is named.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import analyze_run
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1, 2], 40)
    >>> noise, pull = rng.normal(size=(120, 8)), np.eye(8)[labels]
    >>> report = analyze_run({0: {"fc": noise}, 100: {"fc": noise + 2 * pull}}, labels=labels)
    >>> report.table["step"], report.table["layer"]
    ((0, 100), ('fc', 'fc'))
    """
    if not isinstance(run, Mapping):
        raise InvalidTypeError("run", "must be a mapping of step to stack", type(run).__name__)
    if not run:
        raise InvalidInputError("run", "must have at least one checkpoint", "none")
    stacks: dict[Any, Mapping[str, Any]] = {}
    for step, stack in run.items():
        with _at_step(step):
            stacks[step] = as_stack(stack)
    _check_same_layers(stacks)
    _check_same_samples(run, stacks)
    if labels is None:
        labels = _labels_of(run)
    plans = {}
    for step, layers in stacks.items():
        with _at_step(step):
            plans[step] = make_plan(
                layers,
                labels=labels,
                n_neighbors=n_neighbors,
                metric=metric,
                measures=measures,
                preset=preset,
                n_permutations=n_permutations,
                random_state=random_state,
                n_jobs=n_jobs,
                memory_limit=memory_limit,
                progress=progress,
            )
    names = tuple(next(iter(stacks.values())))
    plan = next(iter(plans.values()))
    watch = Watch(plan.progress, (len(names) + plan.rounds) * len(stacks))
    measured = {}
    for step, layers in stacks.items():
        with _at_step(step):
            measured[step] = measure_stack(layers, plans[step], watch)
    steps, last = tuple(measured), next(reversed(measured))
    latest = measured[last]
    return Report(
        layers=names,
        table=layer_table(measured, stacks[last]),
        results={
            measure: {step: measured[step].results[measure] for step in steps}
            for measure in latest.results
        },
        steps=steps,
        advice=(
            *advise_run(steps, names, changes(measured)),
            *advise(names, latest.results, latest.tables, has_labels=plan.labels is not None),
        ),
        settings=_settings("analyze_run", plan, names, latest.results, steps=list(steps)),
        warnings=_by_step(
            {
                step: _unique([*getattr(run[step], "warnings", ()), *measured[step].warnings])
                for step in steps
            }
        ),
    )


def _check_same_layers(stacks: Mapping[Any, Mapping[str, Any]]) -> None:
    first_step, first = next(iter(stacks.items()))
    for step, layers in stacks.items():
        if tuple(layers) != tuple(first):
            missing = [name for name in first if name not in layers]
            extra = [name for name in layers if name not in first]
            got = "another order" if not (missing or extra) else ""
            got += f"without {', '.join(missing)}" if missing else ""
            got += f"{' and ' if missing else ''}with {', '.join(extra)}" if extra else ""
            rule = f"must have the layers of checkpoint {first_step} in the same order"
            raise InvalidInputError("run", rule, f"{got} at checkpoint {step}")


def _check_same_samples(run: Mapping[Any, Any], stacks: Mapping[Any, Mapping[str, Any]]) -> None:
    counts = {step: n_rows(next(iter(layers.values()))) for step, layers in stacks.items()}
    first_step, expected = next(iter(counts.items()))
    for step, count in counts.items():
        if count != expected:
            rule = f"must have the samples of checkpoint {first_step} ({expected})"
            raise InvalidInputError("run", rule, f"{count} at checkpoint {step}")
    known: tuple[Any, tuple[Any, ...]] | None = None
    for step, stack in run.items():
        ids = getattr(stack, "sample_ids", None)
        if ids is None:
            continue
        if known is not None and tuple(ids) != known[1]:
            pairs = enumerate(zip(ids, known[1], strict=True))
            row = next(row for row, (here, there) in pairs if here != there)
            rule = f"must have the sample ids of checkpoint {known[0]} in the same order"
            raise InvalidInputError("run", rule, f"{ids[row]!r} at row {row} of checkpoint {step}")
        known = known or (step, tuple(ids))


def _labels_of(run: Mapping[Any, Any]) -> Any:
    """Return the labels of the first checkpoint that has some; another's must not differ."""
    known: tuple[Any, tuple[Any, ...]] | None = None
    for step, stack in run.items():
        labels = getattr(stack, "labels", None)
        if labels is None:
            continue
        if known is not None and tuple(labels) != known[1]:
            rule = f"must be those of checkpoint {known[0]} at every checkpoint, or be given"
            raise InvalidInputError("labels", rule, f"others at checkpoint {step}")
        known = known or (step, tuple(labels))
    return None if known is None else known[1]


@contextmanager
def _at_step(step: Any) -> Iterator[None]:
    """Put the checkpoint's name beside the value of every error that passes through."""
    try:
        yield
    except LayerscopeError as error:
        error.value = f"{error.value} (checkpoint {step})"
        raise


def _settings(
    function: str,
    plan: Plan,
    layers: tuple[str, ...],
    results: Mapping[str, StackResult],
    **more: Any,
) -> dict[str, Any]:
    curve = results.get("modularity")
    if plan.curve_preset is not None and curve is not None:
        more |= {name: curve.settings[name] for name in ("n_subsamples", "subsample_size")}
    return record(
        function,
        n_samples=plan.n_samples,
        layers=list(layers),
        n_classes=None if plan.codes is None else int(plan.codes.max()) + 1,
        measures=list(plan.measures),
        n_neighbors=plan.n_neighbors,
        metric=plan.metric,
        preset=plan.preset,
        n_permutations=plan.n_permutations,
        random_state=plan.random_state,
        **more,
    )


def _by_step(warnings: Mapping[Any, tuple[str, ...]]) -> tuple[str, ...]:
    """Name the checkpoint of every warning, except of those that all checkpoints share."""
    return _unique(
        sentence
        if all(sentence in others for others in warnings.values())
        else f"checkpoint {step}: {sentence}"
        for step, sentences in warnings.items()
        for sentence in sentences
    )


def _unique(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))
