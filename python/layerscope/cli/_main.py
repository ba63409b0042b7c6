"""The command ``layerscope``: demo, analyze, info.

Results go to stdout, progress and warnings to stderr. Exit codes: 0 done, 2 wrong input,
130 interrupted (1 is kept for a broken bound, which no command of this version sets).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from layerscope._version import __version__
from layerscope.cli._errors import Interrupted, ReaderGone, guarded
from layerscope.cli._options import Choice, Memory, Names, Whole
from layerscope.errors import InvalidInputError

__all__ = ["cli", "main"]

#: What the papers do with maps and token sequences, where `--pool` does not say.
_POOLED = {"nnts2020": "flatten", "selfsim2025": "mean"}

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Guarded(click.Group):
    """A group whose every error is one sentence and an exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        run: Any = super().main
        if not extra.pop("standalone_mode", True):
            return run(*args, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal without our signs gets escapes
                stream.reconfigure(errors="backslashreplace")
        sys.exit(guarded(lambda: run(*args, standalone_mode=False, **extra)))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None
        except BrokenPipeError:
            raise ReaderGone from None
        except EOFError as error:  # click would take it for Ctrl-D
            raise InvalidInputError(
                "PATH", "must be whole", error or "a file that ends early"
            ) from error


@click.group(cls=_Guarded, context_settings=_CONTEXT, invoke_without_command=True)
@click.version_option(__version__, prog_name="layerscope", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Measure the hidden layers of a deep network as complex networks."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


_output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where the HTML report goes (layerscope-report.html; with '--json -' nowhere).",
)
_json_option = click.option(
    "--json",
    "json_target",
    metavar="FILE",
    help="Write the numbers as JSON too; '-' prints them instead of the table.",
)
_jobs_option = click.option(
    "--jobs", type=Whole(1), metavar="N", help="Threads; all cores by default."
)


@cli.command()
@_output_option
@_json_option
@_jobs_option
def demo(output: str | None, json_target: str | None, jobs: int | None) -> None:
    """Analyse a small network that comes with layerscope."""
    from layerscope.cli._demo import demo_report, explain
    from layerscope.cli._output import check_targets, deliver, watching

    targets = check_targets(output, json_target, [])
    with watching() as progress:
        report = demo_report(n_jobs=jobs, progress=progress)
    deliver(report, targets, picture=explain(report))


@cli.command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--labels", metavar="FILE", help="One class per sample: .npy, .csv or .txt.")
@click.option("--layers", type=Names(), metavar="A,B,…", help="Which layers, in this order.")
@click.option(
    "--layout",
    type=Choice("NCHW", "NHWC", "NTC"),
    metavar="[NCHW|NHWC|NTC]",
    help="Axes of maps (4) or tokens (3); needed when a layer has more than two.",
)
@click.option(
    "--pool",
    "how",
    type=Choice("flatten", "mean", "max", "cls", "last"),
    metavar="[flatten|mean|max|cls|last]",
    help="How maps or tokens become one row per sample; goes with --layout.",
)
@click.option("--k", "n_neighbors", type=Whole(1), metavar="K", help="Neighbours per sample (15).")
@click.option(
    "--metric",
    type=Choice("euclidean", "cosine", "pearson", "inner_product"),
    metavar="[euclidean|cosine|pearson|inner_product]",
    help="Of the neighbour graphs (euclidean).",
)
@click.option(
    "--measures",
    type=Names(),
    metavar="A,B,…",
    help="Of label_agreement, modularity, intrinsic_dimension, nnts, nntp, cka, self_similarity; "
    "all by default. On request: communities, box_counts.",
)
@click.option(
    "--preset",
    type=Choice("eccv2022", "nnts2020", "selfsim2025"),
    metavar="[eccv2022|nnts2020|selfsim2025]",
    help="A paper's own settings.",
)
@click.option("--seed", "random_state", type=Whole(0), metavar="N", help="Random seed (0).")
@_jobs_option
@click.option("--memory-limit", type=Memory(), metavar="SIZE", help="Scratch memory, such as 2GB.")
@_output_option
@_json_option
def analyze(
    *,
    paths: tuple[str, ...],
    labels: str | None,
    layers: tuple[str, ...] | None,
    layout: str | None,
    how: str | None,
    jobs: int | None,
    output: str | None,
    json_target: str | None,
    **settings: Any,
) -> None:
    """Measure every layer and write a report.

    PATH is a folder or a .safetensors file with all layers of a network; several of them are
    checkpoints in order. Several .npy files are the layers of one network in order.
    """
    from layerscope.analyze import analyze as analyze_stack
    from layerscope.analyze import analyze_run
    from layerscope.cli._input import read, source_settings
    from layerscope.cli._output import check_targets, deliver, watching

    given = [Path(path) for path in (*paths, *([labels] if labels else []))]
    targets = check_targets(output, json_target, given)
    if layout is not None and how is None:
        how = _POOLED.get(settings["preset"] or "")
    taken = read(paths, labels=labels, layers=layers, layout=layout, how=how)
    chosen = {name: value for name, value in settings.items() if value is not None}
    with watching() as progress:
        chosen |= {"n_jobs": jobs, "progress": progress}
        if taken.run is not None:
            report = analyze_run(taken.run, **chosen)
        else:
            report = analyze_stack(taken.stack, **chosen)
    asked = source_settings(paths, labels=labels, layout=layout, how=how)
    report = replace(report, settings={**report.settings, **asked})
    deliver(report, targets, notes=taken.notes)


@cli.command()
def info() -> None:
    """Print versions, processor, engine and threads."""
    from layerscope.cli._info import facts

    rows = list(facts())
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


def main() -> None:
    """Run the command line; never returns."""
    cli.main(prog_name="layerscope")
