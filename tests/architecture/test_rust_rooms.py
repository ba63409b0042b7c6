"""Who may know whom in Rust, where unsafe code, the interpreter and rayon may be named."""

from __future__ import annotations

import re

from tests.architecture._tree import ROOT, RUST, code_of, name, toml, with_suffix

# Who may stand in [dependencies]; tests may use the testkit too.
MAY_KNOW = {
    "layerscope-core": set(),
    "layerscope-knn": {"layerscope-core"},
    "layerscope-measures": {"layerscope-core"},
    "layerscope-testkit": {"layerscope-core"},
    "layerscope-py": {"layerscope-core", "layerscope-knn", "layerscope-measures"},
}
BINDINGS = {"pyo3", "numpy"}


def crates() -> dict[str, tuple[dict, str]]:
    workspace = toml(ROOT / "Cargo.toml")["workspace"]
    found = {}
    for member in workspace["members"]:
        manifest = toml(ROOT / member / "Cargo.toml")
        found[manifest["package"]["name"]] = (manifest, member)
    assert set(found) == set(MAY_KNOW), "say in MAY_KNOW whom a new crate may know"
    return found


def test_crates_know_only_lower_ones() -> None:
    for crate, (manifest, _) in crates().items():
        known = {d for d in manifest.get("dependencies", {}) if d.startswith("layerscope-")}
        assert known <= MAY_KNOW[crate], crate
        for_tests = manifest.get("dev-dependencies", {})
        known = {d for d in for_tests if d.startswith("layerscope-")}
        assert known <= MAY_KNOW[crate] | {"layerscope-testkit"}, crate


def test_sources_name_only_the_crates_they_may_know() -> None:
    checked = 0
    for crate, (_, member) in crates().items():
        may = {d.replace("-", "_") for d in MAY_KNOW[crate] | {"layerscope-testkit", crate}}
        for path in with_suffix(".rs", ROOT / member):
            named = set(re.findall(r"\blayerscope_[a-z]+\b(?=::)", code_of(path)))
            checked += len(named)
            assert named <= may, f"{name(path)} names {named - may}"
    assert checked > 3, "no crate names another: this test has lost its subject"


def test_python_is_named_in_py_only() -> None:
    seen = False
    for crate, (manifest, member) in crates().items():
        binding = BINDINGS & {
            *manifest.get("dependencies", {}),
            *manifest.get("dev-dependencies", {}),
        }
        sources = [p for p in with_suffix(".rs", ROOT / member) if "pyo3::" in code_of(p)]
        if crate == "layerscope-py":
            seen = bool(binding and sources)
        else:
            assert not binding, crate
            assert not sources, crate
    assert seen, "py does not name PyO3: this test has lost its subject"


def test_every_crate_inherits_the_lints() -> None:
    lints = toml(ROOT / "Cargo.toml")["workspace"]["lints"]
    assert lints["rust"]["unsafe_code"] == "deny"
    assert lints["rust"]["missing_docs"] == "deny"
    for crate, (manifest, _) in crates().items():
        assert manifest.get("lints") == {"workspace": True}, crate


def test_unsafe_code_lives_in_the_kernel_folder_only() -> None:
    kernel = RUST / "knn" / "src" / "kernel"
    paths = with_suffix(".rs", RUST)
    for path in paths:
        if path.is_relative_to(kernel):
            continue
        code = code_of(path)
        # The words in lint names and attributes are the rule, not a breach of it.
        code = re.sub(r"\bunsafe_(code|op_in_unsafe_fn)\b", "", code)
        assert not re.search(r"\bunsafe\b", code), name(path)
        assert not re.search(r"allow\(\s*\)", code), name(path)
        assert "allow(unsafe" not in code_of(path), name(path)
    core = code_of(RUST / "core" / "src" / "lib.rs")
    assert "#![forbid(unsafe_code)]" in core, "core forbids it outright"


def test_unsafe_blocks_say_why() -> None:
    """A comment with SAFETY stands right above each block, a Safety section above each function."""
    kernel = RUST / "knn" / "src" / "kernel"
    if not kernel.exists():
        return  # the rule above has shown that there is none elsewhere
    for path in with_suffix(".rs", kernel):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.search(r"\bunsafe\b\s*\{", line.split("//")[0]):
                above = "\n".join(lines[max(0, number - 8) : number])
                assert "SAFETY" in above or "SAFETY" in line, f"{name(path)}:{number + 1}"


def test_one_file_detaches_and_attaches() -> None:
    door = RUST / "py" / "src" / "run.rs"
    call = re.compile(
        r"\.detach\(|Python::attach\(|with_gil\(|allow_threads\(|\battach_unchecked\("
    )
    found = {path for path in with_suffix(".rs", RUST / "py") if call.search(code_of(path))}
    assert found == {door}, [name(path) for path in found]


def test_rayon_is_named_in_two_files() -> None:
    may = {RUST / "core" / "src" / "run.rs", RUST / "core" / "src" / "pool.rs"}
    found = {path for path in with_suffix(".rs", RUST) if re.search(r"\brayon\b", code_of(path))}
    assert found == may, [name(path) for path in found ^ may]


def test_threads_are_started_by_the_pool_and_the_door_only() -> None:
    """The door gives a call its thread; the pool's own test plays several callers."""
    may = {RUST / "core" / "src" / "pool.rs", RUST / "py" / "src" / "run.rs"}
    starts = re.compile(r"thread::(spawn|scope|Builder)")
    found = {path for path in with_suffix(".rs", RUST) if starts.search(code_of(path))}
    assert found == may, [name(path) for path in found ^ may]


def test_classes_are_frozen() -> None:
    """A class that Python can see cannot be changed from there while a thread reads it."""
    sources = with_suffix(".rs", RUST / "py")
    assert any("#[pymodule" in code_of(path) for path in sources)
    for path in sources:
        for attribute in re.findall(r"#\[pyclass([^\]]*)\]", code_of(path)):
            assert "frozen" in attribute, name(path)


def test_no_float_is_hashed_or_iterated_out_of_a_map() -> None:
    """The order of a hash map with a random seed would show in a result."""
    checked = [p for p in with_suffix(".rs", RUST) if "testkit" not in p.parts]
    for path in checked:
        assert not re.search(r"collections::\{?[^;]*\bHash(Map|Set)\b", code_of(path)), name(path)


def test_named_generators_only() -> None:
    for path in with_suffix(".rs", RUST):
        assert not re.search(r"\b(StdRng|SmallRng|thread_rng|ThreadRng)\b", code_of(path)), name(
            path
        )
