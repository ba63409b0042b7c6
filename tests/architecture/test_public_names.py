"""The public names and signatures, compared with a committed list.

After a change that is meant: `LAYERSCOPE_RENEW=1 make test-python PYTEST_ARGS=tests/architecture`,
then read the difference, write the decision and the line in the changelog.
"""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import layerscope
from layerscope import measures

SNAPSHOT = Path(__file__).with_name("public_names.txt")


def members(owner: type) -> list[str]:
    """Public methods with their signatures, public properties and fields."""
    lines = []
    fields = getattr(owner, "__dataclass_fields__", {})
    for word in sorted({*fields, *dir(owner)}):
        if word.startswith("_"):
            continue
        value = inspect.getattr_static(owner, word, None)
        if isinstance(value, classmethod | staticmethod):
            value = value.__func__
        if inspect.isfunction(value):
            if value.__module__.startswith("layerscope"):
                lines.append(f"{word}{signature(value)}")
        elif word in fields or hasattr(value, "__get__"):
            lines.append(word)
    return lines


def signature(function: object) -> str:
    """Names, kinds and defaults; annotations may change without breaking anyone."""
    plain = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [p.replace(annotation=p.empty) for p in plain.parameters.values()]
    return str(plain.replace(parameters=parameters, return_annotation=plain.empty))


def described() -> str:
    lines = []
    public = {word: getattr(layerscope, word) for word in layerscope.__all__}
    public |= {word: getattr(measures, word) for word in measures.__all__}
    for word, value in sorted(public.items()):
        if inspect.isclass(value):
            built = value.__init__ is not object.__init__ and not hasattr(
                value, "__dataclass_fields__"
            )
            lines.append(f"{word}{signature(value) if built else ''}")
            lines += [f"    .{line}" for line in members(value)]
        elif inspect.ismodule(value):
            lines.append(f"{word}: {', '.join(sorted(value.__all__))}")
        elif callable(value):
            lines.append(f"{word}{signature(value)}")
        else:
            lines.append(word)
    return "\n".join(lines) + "\n"


def test_public_names_are_those_of_the_list() -> None:
    now = described()
    assert now.count("\n") > 3
    if os.environ.get("LAYERSCOPE_RENEW"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8")


def test_every_public_name_is_exported_and_documented() -> None:
    assert len(set(layerscope.__all__)) == len(layerscope.__all__)
    for word in layerscope.__all__:
        value = getattr(layerscope, word)
        if word != "__version__":
            assert inspect.getdoc(value), word


def test_public_functions_take_keywords_after_the_data() -> None:
    """What follows the data has a name in every call, so that more can be added between."""
    data = {"X", "Y", "data", "labels", "stack", "stacks", "run", "path", "words", "result"}
    data |= {"n_samples", "n_features", "graph", "graph_or_counts", "boxes", "size"}
    data |= {"distances"}
    checked = 0
    for word in layerscope.__all__:
        value = getattr(layerscope, word)
        if not inspect.isfunction(value):
            continue
        for parameter in inspect.signature(value).parameters.values():
            checked += 1
            by_place = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            assert not by_place or parameter.name in data, f"{word}({parameter})"
    assert checked > 0
