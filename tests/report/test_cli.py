"""The command line where all is well."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from layerscope import Activations
from layerscope.cli import cli
from tests.report._stacks import RISING, files_in, labels_of, save_folder, stack_of


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a stack `acts` of three layers and labels."""
    monkeypatch.chdir(tmp_path)
    save_folder(tmp_path / "acts", stack_of(RISING))
    np.save(tmp_path / "labels.npy", labels_of())
    return tmp_path


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def table_of(result: Result) -> dict[str, list[str]]:
    """The first cell of each printed row and the rest."""
    lines = result.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    end = lines.index("", start)
    return {line.split()[0]: line.split()[1:] for line in lines[start:end]}


def test_a_folder_gives_a_row_per_layer_and_a_report(here: Path) -> None:
    result = call("analyze", "acts", "--labels", "labels.npy")
    rows = table_of(result)
    assert list(rows) == ["layer", "conv1", "conv2", "conv10"]
    modularity = [float(rows[name][1].replace("−", "-")) for name in ("conv1", "conv2", "conv10")]
    assert modularity == sorted(modularity)
    assert "Modularity rises with depth" in result.stdout
    page = here / "layerscope-report.html"
    assert f"Report: {page}" in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!")
    assert files_in(here) == ["acts", "labels.npy", "layerscope-report.html"]


def test_the_guessed_order_is_said_in_the_words_of_the_command_line(here: Path) -> None:
    result = call("analyze", "acts")
    assert "warning: The order of the layers is guessed" in result.stderr
    assert "--layers" in result.stderr
    assert "layers=" not in result.stderr
    assert "is guessed from" not in result.stdout


def test_layers_are_chosen_and_ordered(here: Path) -> None:
    result = call("analyze", "acts", "--layers", "conv10,conv1", "--labels", "labels.npy")
    assert list(table_of(result)) == ["layer", "conv10", "conv1"]
    assert "guessed" not in result.stderr


def test_npy_files_are_layers_in_the_order_of_the_arguments(here: Path) -> None:
    names = ("conv2", "conv1", "conv10")
    result = call("analyze", *(f"acts/{name}.npy" for name in names))
    assert list(table_of(result)) == ["layer", *names]
    assert "warning: the layers are taken in the order given" in result.stderr


def test_one_npy_file_is_a_stack_of_one_layer(here: Path) -> None:
    result = call("analyze", "acts/conv2.npy", "--labels", "labels.npy")
    assert list(table_of(result)) == ["layer", "conv2"]
    assert result.stderr == ""


def test_the_label_file_may_lie_among_the_layers(here: Path) -> None:
    np.save(here / "acts" / "y.npy", labels_of())
    by_glob = sorted(f"acts/{name}" for name in os.listdir("acts"))
    result = call("analyze", *by_glob, "--labels", "acts/y.npy")
    assert set(table_of(result)) == {"layer", *RISING}
    result = call("analyze", "acts", "--labels", "acts/y.npy")
    assert set(table_of(result)) == {"layer", *RISING}


@pytest.mark.parametrize("suffix", ["txt", "csv", "npy"])
def test_labels_of_every_kind_give_the_same_numbers(here: Path, suffix: str) -> None:
    path = here / f"y.{suffix}"
    if suffix == "txt":
        path.write_text("".join(f"{label}\n" for label in labels_of()), encoding="utf-8")
    elif suffix == "csv":
        rows = "".join(f"s{i},{label}\n" for i, label in enumerate(labels_of()))
        path.write_text(f"id,label\n{rows}", encoding="utf-8")
    else:
        np.save(path, labels_of())
    result = call("analyze", "acts", "--labels", path.name, "--json", "-")
    expected = call("analyze", "acts", "--labels", "labels.npy", "--json", "-")
    assert json.loads(result.stdout)["table"] == json.loads(expected.stdout)["table"]


def test_json_on_stdout_is_alone_there_and_has_no_nan(here: Path) -> None:
    def refuse(word: str) -> float:
        raise AssertionError(word)

    np.save(here / "acts" / "dead.npy", np.zeros((90, 4)))  # its dimension is not a number
    result = call("analyze", "acts", "--labels", "labels.npy", "--json", "-")
    report = json.loads(result.stdout, parse_constant=refuse)
    assert report["table"]["layer"] == ["conv1", "conv2", "conv10", "dead"]
    assert report["table"]["intrinsic_dimension"][-1] is None
    assert "report: " not in result.stderr
    assert not Path("layerscope-report.html").exists()
    result = call("analyze", "acts", "--labels", "labels.npy", "--json", "-", "-o", "page.html")
    assert json.loads(result.stdout, parse_constant=refuse) == report
    assert "page.html" in result.stderr
    assert Path("page.html").exists()


def test_json_in_a_file_holds_the_same(here: Path) -> None:
    result = call("analyze", "acts", "--labels", "labels.npy", "--json", "numbers.json")
    assert f"JSON: {here / 'numbers.json'}" in result.stdout
    assert "conv10" in result.stdout
    text = call("analyze", "acts", "--labels", "labels.npy", "--json", "-").stdout
    assert json.loads((here / "numbers.json").read_text(encoding="utf-8")) == json.loads(text)


def test_options_reach_the_analysis(here: Path) -> None:
    options = ["--k", "4", "--metric", "cosine", "--measures", "label_agreement,modularity"]
    options += ["--seed", "7", "--jobs", "1", "--memory-limit", "1GB"]
    result = call("analyze", "acts", "--labels", "labels.npy", *options, "--json", "-")
    report = json.loads(result.stdout)
    settings = report["settings"]
    assert settings["n_neighbors"] == 4
    assert settings["metric"] == "cosine"
    assert settings["random_state"] == 7
    assert settings["measures"] == ["label_agreement", "modularity"]
    assert "intrinsic_dimension" not in report["table"]


def test_the_report_records_what_it_was_made_from(here: Path) -> None:
    arguments = ["analyze", str(here / "acts"), "--labels", "labels.npy", "--json", "-"]
    settings = json.loads(call(*arguments).stdout)["settings"]
    assert settings["paths"] == ["acts"]
    assert settings["labels"] == "labels.npy"
    assert settings["layout"] is None
    assert settings["pool"] is None
    assert str(here) not in json.dumps(settings)
    np.save(here / "maps.npy", np.random.default_rng(0).normal(size=(90, 3, 2, 2)))
    arguments = ["analyze", "maps.npy", "--layout", "NCHW", "--pool", "mean", "--json", "-"]
    settings = json.loads(call(*arguments, "-o", "page.html").stdout)["settings"]
    assert (settings["layout"], settings["pool"]) == ("NCHW", "mean")
    assert settings["paths"] == ["maps.npy"]
    assert "maps.npy" in (here / "page.html").read_text(encoding="utf-8")


def test_the_preset_sets_k_and_metric(here: Path) -> None:
    arguments = ["analyze", "acts", "--labels", "labels.npy", "--preset", "eccv2022", "--json", "-"]
    settings = json.loads(call(*arguments).stdout)["settings"]
    assert (settings["n_neighbors"], settings["metric"]) == (3, "cosine")
    settings = json.loads(call(*arguments, "--k", "5").stdout)["settings"]
    assert (settings["n_neighbors"], settings["metric"]) == (5, "cosine")


def test_maps_and_tokens_are_pooled_as_told(here: Path) -> None:
    maps = np.random.default_rng(0).normal(size=(30, 4, 2, 2)).astype(np.float32)
    np.save(here / "maps.npy", maps)
    np.save(here / "fc.npy", maps.mean(axis=(2, 3)))
    arguments = ["--layout", "nchw", "--pool", "mean", "--json", "-"]
    table = json.loads(call("analyze", "maps.npy", "fc.npy", *arguments).stdout)["table"]
    assert table["n_features"] == [4, 4]
    assert table["hubness"][0] == table["hubness"][1]


def test_several_folders_are_checkpoints_named_by_their_folders(here: Path) -> None:
    for step, scale in (("epoch_2", 0.5), ("epoch_10", 1.0)):
        pulls = {name: scale * pull for name, pull in RISING.items()}
        save_folder(here / step, stack_of(pulls))
    arguments = ["--labels", "labels.npy", "--layers", "conv1,conv2,conv10"]
    result = call("analyze", "epoch_2", "epoch_10", *arguments, "--json", "run.json")
    assert result.stderr == ""
    table = json.loads((here / "run.json").read_text(encoding="utf-8"))["table"]
    assert table["step"] == ["epoch_2"] * 3 + ["epoch_10"] * 3
    assert table["layer"] == [*RISING, *RISING]
    assert "modularity at epoch_2" in result.stdout
    assert "Training still organises 2 layers (conv2, conv10)" in result.stdout
    swapped = call("analyze", "epoch_10", "epoch_2", *arguments)
    assert "warning: the checkpoints are taken in the order given" in swapped.stderr


def test_safetensors_files_are_checkpoints_with_their_saved_order_and_labels(here: Path) -> None:
    for step in ("a", "b"):
        Activations(stack_of(RISING), labels=labels_of()).save(here / f"{step}.safetensors")
    result = call("analyze", "a.safetensors", "b.safetensors", "--json", "-")
    table = json.loads(result.stdout)["table"]
    assert table["step"] == ["a"] * 3 + ["b"] * 3
    assert table["modularity"][:3] == table["modularity"][3:]
    assert "warning" not in result.stderr


def test_checkpoints_of_one_name_are_numbered(here: Path) -> None:
    for step in ("x", "y"):
        (here / step).mkdir()
        save_folder(here / step / "acts", stack_of(RISING))
    result = call("analyze", "x/acts", "y/acts", "--json", "-")
    assert json.loads(result.stdout)["table"]["step"] == ["0"] * 3 + ["1"] * 3


@pytest.mark.parametrize(
    "name", ["two words", "größe-层", "<script>alert(1)<", "a&b\"'", "[red]x[", "{{ 7 }}"]
)
def test_names_of_any_kind_pass_unharmed(here: Path, name: str) -> None:
    save_folder(here / "odd", {name: stack_of(RISING)["conv2"]})
    result = call("analyze", "odd", "--labels", "labels.npy", "-o", f"{name}.html")
    assert f"\n{name} " in result.stdout
    page = (here / f"{name}.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert 'a&b"' not in page


def test_a_name_cannot_steer_the_terminal(here: Path) -> None:
    Activations({"a\x1b[2Jb\nc": stack_of(RISING)["conv2"]}).save(here / "odd.safetensors")
    result = call("analyze", "odd.safetensors")
    assert "\x1b" not in result.output
    assert "a\\x1b[2Jb c" in result.stdout


def test_an_old_report_is_replaced(here: Path) -> None:
    (here / "r.html").write_text("old", encoding="utf-8")
    call("analyze", "acts", "-o", "r.html")
    assert (here / "r.html").read_text(encoding="utf-8") != "old"


def test_help_lists_the_commands_of_this_version() -> None:
    for arguments in ((), ("--help",)):
        text = call(*arguments).stdout
        for name in ("demo", "analyze", "info"):
            assert f"\n  {name} " in text
        assert "compare" not in text
        assert "verify" not in text
    text = call("analyze", "--help").stdout
    options = "--labels --layers --layout --pool --k --metric --measures --preset --seed --jobs"
    for option in f"{options} --memory-limit -o --output --json".split():
        assert option in text
    assert "--fail-if" not in text


def test_info_tells_versions_engine_and_threads() -> None:
    text = call("info").stdout
    for word in ("layerscope", "Python", "numpy", "processor", "neighbours", "threads"):
        assert f"{word} " in text
    assert "exact, by shape: int8 tiles by " in text


def test_info_names_an_engine_that_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERSCOPE_SIMD", "scalar")
    assert "exact, forced by LAYERSCOPE_SIMD: float64 tiles" in call("info").stdout
