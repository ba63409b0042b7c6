"""Who may import whom in Python, read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture._tree import PACKAGE, name, with_suffix

# From the bottom up; a module may import lower levels. A module that stands nowhere here fails a
# test, so whoever adds one says where it belongs.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("errors", "_core", "_version"),
    ("_arrays", "_json", "_settings"),
    ("_table",),
    ("_result",),
    ("_reference",),
    ("activations",),
    ("neighbours",),
    ("measures",),
    ("plot", "cite"),
    ("report",),
    ("analyze", "compare", "prune", "demo_data"),
    ("torch",),
    ("cli",),
    ("__init__", "__main__"),
)
MAY_TOUCH_CORE = {"neighbours", "measures", "torch", "cli", "_version"}
HEAVY = {"torch", "pandas", "polars", "matplotlib", "scipy", "click", "rich", "jinja2", "networkx"}
# Where each heavy import may stand at the top of a file, since nothing light imports that file.
MAY_LOAD = {"torch": {"torch"}, "cli": {"click", "rich"}, "plot": {"matplotlib"}}


def room(path: Path) -> str:
    """The word of LEVELS that a file belongs to: its top-level module or folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(word: str) -> int:
    for number, words in enumerate(LEVELS):
        if word in words:
            return number
    raise LookupError(word)


def files() -> list[Path]:
    return with_suffix(".py", PACKAGE)


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every absolute name that a file imports, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the level"
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def at_top(tree: ast.Module) -> set[ast.stmt]:
    """Statements that run at import; what stands under TYPE_CHECKING does not."""
    found: set[ast.stmt] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        found.add(node)
        if isinstance(node, ast.If):
            if "TYPE_CHECKING" not in ast.unparse(node.test):
                waiting += node.body
            waiting += node.orelse
        elif isinstance(node, ast.Try | ast.With | ast.ClassDef):
            waiting += node.body
            for handler in getattr(node, "handlers", []):
                waiting += handler.body
    return found


def own(imported: str) -> str | None:
    """The room of layerscope that an imported name lies in, or None for other packages."""
    parts = imported.split(".")
    if parts[0] != "layerscope":
        return None
    if len(parts) == 1 or (len(parts) == 2 and not _is_module(parts[1])):
        return "__init__"
    return parts[1]


def _is_module(word: str) -> bool:
    return any((PACKAGE / end).exists() for end in (word, f"{word}.py", f"{word}.pyi"))


def test_every_module_has_a_level() -> None:
    paths = files()
    assert len(paths) > 5
    for path in paths:
        level(room(path))


def test_modules_import_only_lower_levels() -> None:
    checked = 0
    broken = []
    for path in files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = at_top(tree)
        here = room(path)
        for node, imported in imports(tree):
            there = own(imported)
            if there is None or here in {"__init__", "__main__"}:
                continue
            checked += 1
            # Results draw themselves, and cite their sources, by an import inside the method.
            if there in {"plot", "cite"} and node not in top:
                continue
            lower = level(there) < level(here)
            same_room = there == here and there != "__init__"
            if not (lower or same_room):
                broken.append(f"{name(path)} imports {imported}")
    assert checked > 5, "no import of our own was seen: this test has lost its subject"
    assert not broken, broken


def test_no_import_goes_in_a_circle() -> None:
    """Files of one room may know each other, but in one direction."""
    known: dict[str, set[str]] = {}
    for path in files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = at_top(tree)
        here = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        known[here.removesuffix(".__init__")] = {
            imported.removeprefix("layerscope.")
            for node, imported in imports(tree)
            if node in top and imported.startswith("layerscope.")
        }
    edges = {
        module: {
            other
            for other in known
            # A file of a package does not import the package that holds it.
            if not _within(module, other) and any(_within(one, other) for one in named)
        }
        for module, named in known.items()
        if module != "__init__"
    }
    assert sum(map(len, edges.values())) > 5
    while edges:
        leaves = {module for module, others in edges.items() if not others & edges.keys()}
        assert leaves, f"a circle among {sorted(edges)}"
        edges = {module: others for module, others in edges.items() if module not in leaves}


def _within(imported: str, module: str) -> bool:
    """Tell whether `import layerscope.a.b` runs module `a` or `a.b`."""
    return imported == module or imported.startswith(f"{module}.")


def test_measures_do_not_import_each_other() -> None:
    folder = PACKAGE / "measures"
    checked = 0
    for path in with_suffix(".py", folder):
        if path.stem.startswith("_"):
            continue
        checked += 1
        for _, imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
            if imported.startswith("layerscope.measures."):
                sibling = imported.split(".")[2]
                assert sibling.startswith("_"), f"{name(path)} imports the measure {sibling}"
    assert checked > 0


def test_the_compiled_half_is_touched_in_few_rooms() -> None:
    touching = {
        room(path)
        for path in files()
        for _, imported in imports(ast.parse(path.read_text(encoding="utf-8")))
        if imported.startswith("layerscope._core")
    }
    assert touching, "nothing imports _core: this test has lost its subject"
    assert touching <= MAY_TOUCH_CORE, touching - MAY_TOUCH_CORE


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    seen = set()
    broken = []
    for path in files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = at_top(tree)
        for node, imported in imports(tree):
            package = imported.split(".")[0]
            if package not in HEAVY:
                continue
            seen.add(package)
            if node in top and package not in MAY_LOAD.get(room(path), set()):
                broken.append(f"{name(path)} imports {imported} at its top")
    assert seen, "no heavy package is imported anywhere: this test has lost its subject"
    assert not broken, broken


def test_torch_is_named_under_torch_only() -> None:
    paths = files()
    assert paths
    for path in paths:
        if room(path) == "torch":
            continue
        for _, imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
            assert imported.split(".")[0] != "torch", name(path)
