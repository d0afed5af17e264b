"""``dragoman plugin new``: names, files, and that what is written is right in every form."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dragoman.errors import OutputError, UsageError
from dragoman_sdk.scaffold.naming import names_of, specs_of
from dragoman_sdk.scaffold.package import Known, Request, package_files, version_range
from dragoman_sdk.scaffold.template import rendered
from dragoman_sdk.scaffold.write import write_folder

LAYERS = ("caffe:Swish6", "onnx:my.domain:Foo", "onnx:Swish6", "caffe:ShuffleChannel")
FORMS = [dict(zip(("op", "rule", "runtime"), form, strict=True)) for form in itertools.product((False, True), repeat=3)]
KNOWN = Known({"Relu"}, {"caffe:ShuffleChannel": "caffe"}, {"ShuffleChannel": ("ShuffleChannelParameter", False)})


def dragoman(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, env=environment, check=False)


def files(*layers: str, name: str = "dragoman-acme", known: Known = KNOWN, **wanted: bool) -> dict[str, str]:
    return package_files(Request(names_of(name), specs_of(layers or LAYERS), **wanted), known)


def tool(name: str, *arguments: str, cwd: Path) -> str:
    pytest.importorskip(name, reason=f"{name} is a tool of the development environment")
    command = [sys.executable, "-m", name, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, "MYPYPATH": "src"})  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("form", FORMS, ids=lambda f: "-".join(k for k, v in f.items() if v) or "plain")
def test_every_form_is_clean_for_ruff_and_formatted(form: dict[str, bool], tmp_path: Path) -> None:
    for layers in (LAYERS, LAYERS[:1], LAYERS[1:2], ("onnx:acme:LRN", "onnx:acme:Foo", "caffe:Foo10", "caffe:Foo9")):
        folder = tmp_path / str(len(layers)) / layers[0].replace(":", "_")
        write_folder(folder, files(*layers, **form))
        assert not tool("ruff", "check", ".", cwd=folder)
        assert not tool("ruff", "format", "--diff", ".", cwd=folder)


@pytest.mark.slow
def test_every_form_passes_mypy_strict(tmp_path: Path) -> None:
    for index, form in enumerate(f for f in FORMS if f["op"] or not f["rule"] or not f["runtime"]):
        folder = tmp_path / str(index)
        write_folder(folder, files(**form))
        assert not tool("mypy", "--cache-dir", str(tmp_path / "cache"), cwd=folder)


@pytest.mark.slow
@pytest.mark.parametrize("form", [[], ["--rule"], ["--op"], ["--op", "--rule"], ["--runtime"], ["--runtime", "--rule"]])
def test_every_form_passes_its_own_tests_and_the_check_unedited(form: list[str], tmp_path: Path) -> None:
    layers = [part for layer in (*LAYERS, "onnx:acme:Gelu") for part in ("--layer", layer)]
    done = dragoman("plugin", "new", "dragoman-acme", *layers, *form, "--test", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors, 0 warnings" in done.stdout
    assert "failed" not in done.stdout


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_placeholder_is_filled_and_python_and_toml_can_be_read(form: dict[str, bool]) -> None:
    for name, text in files(**form).items():
        assert "%%" not in text, name
        assert name.endswith("test.yml") or "{{" not in text.replace("{{ ", ""), name
        if name.endswith(".py"):
            compile(text, name, "exec")
    project = tomllib.loads(files(**form)["pyproject.toml"])["project"]
    assert project["entry-points"]["dragoman.plugins"] == {"acme": "dragoman_acme.plugin"}
    assert project["dependencies"][:3] == [f"{n}>=0.1,<0.3" for n in ("dragoman", "dragoman-caffe", "dragoman-onnx")]


def test_only_what_is_asked_for_is_there() -> None:
    home = "src/dragoman_acme/"
    plain = files("onnx:acme:Foo")
    assert not {f"{home}op.py", f"{home}rule.py", f"{home}runtime.py"} & plain.keys()
    assert "dragoman-caffe" not in plain["pyproject.toml"]
    assert "numpy" not in plain["pyproject.toml"]
    assert {f"{home}op.py", f"{home}runtime.py"} <= files("onnx:acme:Foo", runtime=True).keys()
    assert {f"{home}rule.py", "tests/test_rule.py"} <= files("onnx:acme:Foo", rule=True).keys()


def test_a_layer_with_an_owner_is_replaced() -> None:
    assert 'replaces = frozenset({"caffe:ShuffleChannel"})' in files()["src/dragoman_acme/plugin.py"]
    assert "replaces" not in files("caffe:Swish6")["src/dragoman_acme/plugin.py"]


def test_an_op_does_not_take_the_name_of_one_that_is_known() -> None:
    text = files("onnx:acme:Relu", op=True)["src/dragoman_acme/op.py"]
    assert '@op("AcmeRelu", "extension")' in text


def test_fields_of_a_message_that_caffe_has_do_not_take_its_numbers() -> None:
    text = files("caffe:ShuffleChannel")["src/dragoman_acme/layers/shuffle_channel.py"]
    assert "message ShuffleChannelParameter { optional float beta = 20001 [default = 1.0]; }" in text


@pytest.mark.parametrize(
    "given, distribution, package, plugin",
    [
        ("dragoman-acme", "dragoman-acme", "dragoman_acme", "acme"),
        ("Acme.Layers_2", "acme-layers-2", "acme_layers_2", "acme-layers-2"),
        ("dragoman-caffe2", "dragoman-caffe2", "dragoman_caffe2", "caffe2"),
        ("dragoman-taken", "dragoman-taken", "dragoman_taken", "dragoman-taken"),
    ],
)
def test_names_follow_from_one(given: str, distribution: str, package: str, plugin: str) -> None:
    names = names_of(given, ["core", "taken"])
    assert (names.distribution, names.package, names.plugin) == (distribution, package, plugin)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "a b", "../a", "a/b", "/tmp/a", "class", "2to3", "json", "numpy", "dragoman",
             "dragoman-onnx", "é", "a" * 65, "tests", "a\n"],
)  # fmt: skip
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        names_of(name)
    assert caught.value.code == "D150"


@pytest.mark.parametrize(
    "layers, said",
    [
        (["Swish6"], "caffe:Swish6"),
        (["cafe:Swish6"], "did you mean 'caffe'?"),
        (["caffe:"], "is not a layer type"),
        (["caffe:6"], "is not a layer type"),
        (["caffe:my.domain:Foo"], "only ONNX has domains"),
        (["onnx:my domain:Foo"], "is no domain"),
        (["onnx:a:Foo-Bar"], "is not a layer type"),
        (["onnx:a:FooBar", "onnx:b:foo_bar"], "would both be foo_bar"),
        (["caffe:Foo", "caffe:Foo"], "would both be foo"),
        (['caffe:Foo"):'], "is not a layer type"),
    ],
)
def test_an_impossible_layer_is_refused(layers: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs_of(layers)
    assert caught.value.code == "D150"
    assert said in str(caught.value)


@pytest.mark.parametrize("kind, snake", [("ShuffleChannel", "shuffle_channel"), ("LRN", "lrn"),
                                         ("PReLU6", "p_re_lu6"), ("Swish6", "swish6"), ("Class", "class_layer"),
                                         ("Op", "op_layer")])  # fmt: skip
def test_a_layer_has_a_name_in_python(kind: str, snake: str) -> None:
    assert specs_of([f"caffe:{kind}"])[0].snake == snake


@pytest.mark.parametrize("kind", ["Class", "Op", "X", "Beta", "Layer", "Math", "None", "_", "True", "formula"])
def test_awkward_layer_types_still_make_python(kind: str) -> None:
    for form in FORMS:
        for name, text in files(f"caffe:{kind}", f"onnx:a:{kind}", **form).items():
            if name.endswith(".py"):
                compile(text, name, "exec")


def test_ranges_are_those_of_the_contract() -> None:
    assert version_range("0.1.0") == ">=0.1,<0.3"
    assert version_range("0.12.3.dev1") == ">=0.12,<0.14"
    assert version_range("2.3.1") == ">=2.3,<3"


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    with pytest.raises(OutputError) as caught:
        write_folder(tmp_path / "acme", {"a": "b"})
    assert caught.value.code == "D805"
    assert [*tmp_path.rglob("*")] == [tmp_path / "acme"]


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "acme").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        write_folder(tmp_path / "acme", {"a": "b"})
    assert [p.name for p in tmp_path.iterdir()] == ["acme"]


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_folder(tmp_path / "acme", {"a": "b", "a/b": "a file cannot be a folder"})
    assert caught.value.code == "D801"
    assert [*tmp_path.iterdir()] == []


def test_the_command_prints_what_it_wrote_and_refuses_a_second_time(tmp_path: Path) -> None:
    first = dragoman("plugin", "new", "dragoman-acme", "--layer", "caffe:Swish6", "-o", "deep/er", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "deep" / "er" / "dragoman-acme"
    written = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert written == {line.strip() for line in first.stdout.splitlines() if line.startswith("  ")} - {""}
    second = dragoman("plugin", "new", "dragoman-acme", "--layer", "caffe:Swish6", "-o", "deep/er", cwd=tmp_path)
    assert second.returncode == 9
    assert second.stderr.startswith("D805")


def test_a_template_repeats_and_chooses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    text = "%% for n in many\n{{n}}{ {{x}} }\n%% if a not b\nyes\n%% end\n%% if b\nno\n%% end\n%% end\n"
    (tmp_path / "templates" / "t.tmpl").write_text(text)
    monkeypatch.setattr("dragoman_sdk.scaffold.template.files", lambda package: tmp_path)
    assert rendered("t", {"many": [1, 2], "x": 3, "a": True, "b": ""}) == "1{ 3 }\nyes\n2{ 3 }\nyes\n"
    with pytest.raises(KeyError):
        rendered("t", {"many": [1]})


def test_without_the_kit_the_core_says_what_to_install() -> None:
    code = (
        "import sys, importlib.util as u; real = u.find_spec; from dragoman.plugins import PluginHost\n"
        "from dragoman.cli import build_cli; from dragoman.errors import UsageError\n"
        "u.find_spec = lambda name, *a: None if name == 'dragoman_sdk' else real(name, *a)\n"
        "try:\n    build_cli(PluginHost(only=())).main(['plugin', sys.argv[1]], standalone_mode=False)\n"
        "except UsageError as error:\n    print(error.code, error.hint)\n"
    )
    for name in ("new", "check", "test"):
        done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "D105 pip install dragoman-sdk"
