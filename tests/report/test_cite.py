"""Citations: the right papers, each once, as sound BibTeX."""

from __future__ import annotations

import re
from typing import Any

import pytest

from layerscope import cite
from layerscope._result import Result
from layerscope.errors import InvalidTypeError
from tests.report import _fakes as fakes

CURVE = {
    "lu2022modularity",
    "newman2004community",
    "newman2003mixing",
    "efron1982jackknife",
    "kott2001jackknife",
}


def keys(result: Any) -> list[str]:
    found = re.findall(r"^@\w+\{(\w+),$", cite(result), flags=re.MULTILINE)
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"function": "label_agreement"}, set()),
        (
            {"function": "modularity"},
            {"lu2022modularity", "newman2004community", "newman2003mixing"},
        ),
        ({"function": "modularity_curve", "directed": True}, CURVE | {"leicht2008directed"}),
        ({"function": "intrinsic_dimension", "directed": True}, {"facco2017twonn"}),
        ({"function": "neighbors"}, {"radovanovic2010hubs"}),
        ({}, set()),
    ],
)
def test_papers_of_one_result(settings: dict[str, Any], wanted: set[str]) -> None:
    found = keys(Result(settings=settings))
    assert found[0] == "layerscope"
    assert set(found[1:]) == wanted


@pytest.mark.parametrize("steps", [None, [0, 1, 2]])
def test_a_report_cites_all_its_results_once(steps: list[int] | None) -> None:
    found = keys(fakes.report(("a", "b"), steps=steps))
    assert set(found) == {"layerscope", "facco2017twonn", "radovanovic2010hubs", *CURVE}


def test_bibtex_is_balanced_and_names_doi_or_journal() -> None:
    text = cite(fakes.report(("a",)))
    entries = text.split("\n\n")
    assert len(entries) == len(re.findall("^@", text, flags=re.MULTILINE))
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        assert re.search(r"^  title +=", entry, flags=re.MULTILINE)
        assert "software" in entry or re.search(r"year += \{\d{4}\}", entry)


@pytest.mark.parametrize("wrong", [None, 3, "modularity", {"settings": {}}])
def test_anything_else_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidTypeError, match="must be a result of layerscope"):
        cite(wrong)
