"""A report as one HTML page: what stands where; the looks are in ``templates/report.html.j2``.

The page has no scripts and loads nothing: its content policy forbids both, so that even a name
that slipped through the escaping could do nothing.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from layerscope._version import __version__
from layerscope.cite import cite
from layerscope.errors import MissingExtraError
from layerscope.plot._names import short_names
from layerscope.plot._text import readable
from layerscope.report import _words as words
from layerscope.report._charts import charts
from layerscope.report._choices import styles
from layerscope.report._warnings import group_warnings

__all__ = ["render"]

#: A longer table would make the page heavy; it is cut to the first and last checkpoint.
LONGEST_TABLE = 1200

_NAMES = {"layer", "step"}
#: Columns that make the page's table wider than a screen and that few read; the table has them.
_FOLDED = ("self_similarity_null", "theta_min", "theta_max")


def render(report: Any, *, title: str | None = None) -> str:
    """Return the page.

    Parameters
    ----------
    report : Report
        What to show.
    title : str, optional
        The heading.

    Raises
    ------
    MissingExtraError
        If jinja2 or matplotlib is not installed.
    """
    template = _environment().get_template("report.html.j2")
    today = date.today()
    cards = charts(report)
    text: str = template.render(
        title=_title(report) if title is None else title,
        facts=words.facts(report),
        figures=words.figures(report),
        summary=[_sentence(text) for text in words.summary(report)],
        advice=[_sentence(advice) for advice in report.advice],
        charts=cards,
        choices=styles([one.picker for one in cards if one.picker is not None]),
        compare=COMPARE if "modularity" in report.results else "",
        table=_table(report),
        warnings=[
            (place or "The report as a whole", [_sentence(text) for text in sentences])
            for place, sentences in group_warnings(report.warnings, report.layers, report.steps)
        ],
        settings=[
            (key.replace("_", " "), words.setting(value)) for key, value in report.settings.items()
        ],
        citations=_verbatim(cite(report)),
        version=report.settings.get("version", __version__),
        date=f"{today.day} {today:%B %Y}",
    )
    return text


COMPARE = (
    "Modularity depends on the number of samples N, the number of neighbours k and the balance of "
    "the classes: only curves at equal N, k and class balance can be compared."
)


def _title(report: Any) -> str:
    title = f"How {words.counted(len(report.layers), 'layer')} "
    title += "organises" if len(report.layers) == 1 else "organise"
    title += " the data"
    if report.steps is not None:
        title += f", at {words.counted(len(report.steps), 'checkpoint')}"
    return title


def _sentence(text: str) -> str:
    """Return text as a sentence: only a word of plain letters gets a capital, a name stays.

    >>> _sentence("modularity rises"), _sentence("fc2 has collapsed.")
    ('Modularity rises.', 'fc2 has collapsed.')
    """
    text = readable(text).strip().replace(" %", "\u00a0%")
    first = text.split(" ", 1)[0]
    if first.isascii() and first.isalpha() and first.islower() and first in _OPENERS:
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


#: Words that open sentences of ours; any other first word may be a layer's name.
_OPENERS = frozenset(
    (
        "all",
        "at",
        "between",
        "checkpoint",
        "checkpoints",
        "every",
        "from",
        "intrinsic",
        "labels",
        "layer",
        "layers",
        "modularity",
        "neighbours",
        "no",
        "none",
        "only",
        "order",
        "rows",
        "samples",
        "since",
        "some",
        "the",
        "training",
        "use",
        "whether",
        "without",
    )
)


def _table(report: Any) -> dict[str, Any]:
    """Return headings and rows of text, the layer first; a long run is cut."""
    table = report.table
    columns = [name for name in ("layer", "step") if name in table]
    columns += [name for name in table.columns if name not in {*_NAMES, *_FOLDED}]
    short = dict(zip(report.layers, short_names(report.layers), strict=True))
    folded = [words.column_name(name)[0] for name in _FOLDED if name in table]
    notes = []
    if folded:
        notes.append(f"report.table and the JSON file also have {', '.join(folded)}.")
    if len(table) > LONGEST_TABLE and report.steps is not None:
        ends = {report.steps[0], report.steps[-1]}
        kept_rows = [row for row, step in enumerate(table["step"]) if step in ends]
        notes.append(
            f"Only the first and the last checkpoint are listed here; report.table and "
            f"the JSON file have all {len(table)} rows."
        )
    else:
        kept_rows = list(range(len(table)))
    return {
        "heads": [words.column_name(name) for name in columns],
        "rows": [
            (
                readable(table["layer"][row]),
                short[table["layer"][row]],
                [words.cell(table[name][row]) for name in columns[1:]],
            )
            for row in kept_rows
        ],
        "note": " ".join(notes),
    }


def _verbatim(text: str) -> Any:
    """Escape text whose line breaks matter."""
    from markupsafe import Markup, escape

    return Markup("\n").join(escape(readable(line)) for line in text.splitlines())


@cache
def _environment() -> Any:
    try:
        import jinja2
    except ImportError:
        rule = "must be installed: pip install jinja2"
        raise MissingExtraError("jinja2", rule, "no such module") from None
    return jinja2.Environment(
        loader=jinja2.PackageLoader("layerscope.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _clean(value: Any) -> Any:
    """Keep characters out of the page that HTML cannot hold; markup of ours passes."""
    return readable(value) if type(value) is str else value
