"""The index of installed plugins: what is not needed is not imported, and nothing else is otherwise than without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from onnx import helper
from tests.core.plugins.sites import install, package_of
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import PluginError, UnsupportedError
from dragoman.index import lookup
from dragoman.index.record import Record
from dragoman.plugins import PluginHost


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of distributions on ``sys.path``, with a cache of its own."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DRAGOMAN_NO_INDEX", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def imported(name: str) -> bool:
    return f"{package_of(name)}.plugin" in sys.modules


def index_files(site: Path) -> list[Path]:
    return sorted((site.parent / "cache" / "dragoman").glob("plugins-*.json"))


def seen(site: Path) -> None:
    """As after the first command of a new installation."""
    PluginHost()
    assert index_files(site)


def model(*kinds: str) -> Any:
    """A chain of layers."""
    nodes = []
    for k, kind in enumerate(kinds):
        domain, _, op = kind.rpartition(":")
        nodes.append(helper.make_node(op, [f"t{k}"], [f"t{k + 1}"], domain=domain))
    domains = {kind.rpartition(":")[0]: 1 for kind in kinds if ":" in kind}
    return model_of(nodes, [port("t0", shape=[2])], [port(f"t{len(kinds)}")], domains=domains)


def command(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``dragoman`` as a process of its own."""
    path = os.pathsep.join([str(site), *(p for p in sys.path if p)])
    return subprocess.run(
        [sys.executable, "-m", "dragoman", *arguments],
        cwd=site.parent, env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def saved(site: Path, *kinds: str) -> str:
    path = site.parent / "model.onnx"
    path.write_bytes(model(*kinds).SerializeToString())
    return str(path)


def test_a_plugin_is_imported_by_the_model_that_needs_it_and_no_other(site: Path) -> None:
    install(site, "ant")
    install(site, "bee")
    seen(site)
    assert not imported("ant")
    host = PluginHost()
    dragoman.convert(model("Relu"), host=host)
    assert (imported("ant"), imported("bee")) == (False, False)
    result = dragoman.convert(model("bee:Layer", "Relu"), host=host)
    assert [plan.by for plan in result.layers] == ["bee", "onnx"]
    assert (imported("ant"), imported("bee")) == (False, True)


def test_the_result_is_the_same_with_and_without_the_index(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ant")
    seen(site)
    indexed = dragoman.convert(model("ant:Layer")).ir()
    monkeypatch.setenv("DRAGOMAN_NO_INDEX", "1")
    assert dragoman.convert(model("ant:Layer")).ir() == indexed


def test_the_entry_points_are_not_read_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ant")
    seen(site)
    monkeypatch.setattr(lookup, "entry_points", lambda: pytest.fail("the metadata was read"))
    host = PluginHost()
    assert (host.plugins["ant"].label, host.plugins["ant"].status) == ("dragoman-ant 1.0", "loaded")
    assert host.hooks_of("ant") == ["dragoman_plugin_info", "dragoman_register_extractors"]
    assert host.plugins["ant"].point.dist.metadata["Name"] == "dragoman-ant"


def test_a_script_s_own_folder_and_files_beside_distributions_change_nothing(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ant")
    seen(site)
    monkeypatch.syspath_prepend(str(site.parent))
    (site / "notes.txt").write_text("")
    monkeypatch.setattr(lookup, "entry_points", lambda: pytest.fail("the metadata was read"))
    assert "ant" in PluginHost().plugins


def test_installing_upgrading_and_removing_a_plugin_show_at_once(site: Path) -> None:
    install(site, "ant")
    seen(site)
    bee = install(site, "bee")
    assert {"ant", "bee"} <= PluginHost().plugins.keys()
    install(site, "bee", "bee:Other", version="2.0")
    host = PluginHost()
    assert host.plugins["bee"].label == "dragoman-bee 2.0"
    assert [p.by for p in dragoman.convert(model("bee:Other"), host=host).layers] == ["bee"]
    info = bee.with_name(f"{bee.name}-2.0.dist-info")
    for file in info.iterdir():
        file.unlink()
    info.rmdir()
    assert "bee" not in PluginHost().plugins


def test_the_same_version_installed_again_is_looked_at_again(site: Path) -> None:
    install(site, "ant", "ant:Old")
    seen(site)
    install(site, "ant", "ant:New")
    assert "ant:New" in PluginHost().extractor_table("onnx", ()).names("onnx")


def test_files_that_are_edited_in_place_are_looked_at_again(site: Path) -> None:
    package = install(site, "ant")
    seen(site)
    for file, old, new in (("plugin.py", "layers of ant", "more layers"), ("layers.py", "ant:Layer", "ant:Renamed")):
        (package / file).write_text((package / file).read_text().replace(old, new))
    host = PluginHost()
    info = host.plugins["ant"].info
    assert info is not None
    assert info.summary == "more layers"
    assert "ant:Renamed" in host.extractor_table("onnx", ()).names("onnx")
    assert not imported("ant")


FRONTEND = """
@hookimpl
def dragoman_register_frontends():
    from dragoman.frontends.contract import Frontend

    class Toy(Frontend):
        name = "toy"
        suffixes = (".toy",)

        def probe(self, model, head):
            return None

        def load(self, model, options):
            raise NotImplementedError

    return [Toy()]
"""


def test_one_that_is_looked_at_again_is_asked_for_all_frameworks(site: Path) -> None:
    install(site, "toy", more=FRONTEND)
    package = install(site, "ant")
    seen(site)
    (package / "plugin.py").write_text((package / "plugin.py").read_text() + "\n# edited\n")
    record = PluginHost().plugins["ant"].point.record
    assert record is not None
    assert record.extractors is not None
    assert sorted(record.extractors) == ["caffe", "onnx", "toy"]


def test_threads_that_share_a_host_all_get_the_layer(site: Path) -> None:
    names = ("ant", "bee", "cow", "doe")
    for name in names:
        install(site, name, before="import time; time.sleep(0.2)")
    seen(site)
    host = PluginHost()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda kind: dragoman.convert(model(f"{kind}:Layer"), host=host).layers[0].by, names))
    assert found == list(names)


def test_a_plugin_that_ended_the_process_works_as_soon_as_it_is_mended(site: Path) -> None:
    install(site, "wasp", before="import os; os._exit(3)")
    assert PluginHost().plugins["wasp"].status == "broken"
    manifest = site / "dragoman_wasp" / "plugin.py"
    manifest.write_text(manifest.read_text().replace("os._exit(3)", "pass"))
    assert [p.by for p in dragoman.convert(model("wasp:Layer")).layers] == ["wasp"]


def test_a_distribution_without_a_list_of_files_is_indexed(site: Path) -> None:
    install(site, "ant")
    (site / "dragoman_ant-1.0.dist-info" / "RECORD").unlink()
    seen(site)
    assert (PluginHost().plugins["ant"].status, imported("ant")) == ("loaded", False)


def test_an_editable_plugin_is_imported_every_time(site: Path) -> None:
    install(site, "ant", editable=True)
    seen(site)
    assert imported("ant")
    assert PluginHost().plugins["ant"].module is sys.modules["dragoman_ant.plugin"]


def test_a_plugin_whose_module_is_not_of_its_distribution_is_imported_every_time(site: Path) -> None:
    install(site, "ant")
    record = site / "dragoman_ant-1.0.dist-info" / "RECORD"
    record.write_text("dragoman_ant/layers.py,,\n")
    seen(site)
    assert PluginHost().plugins["ant"].module is not None


@pytest.mark.parametrize(
    "before", ["import os; os._exit(3)", "raise SystemExit(4)", "raise ImportError('half of it is missing')"]
)
def test_a_hostile_plugin_stops_no_conversion_that_does_not_need_it(site: Path, before: str) -> None:
    install(site, "ant")
    install(site, "wasp", before=before)
    path = saved(site, "ant:Layer", "Relu")
    for _ in range(2):
        done = command(site, "convert", path)
        assert done.returncode == 0, done.stderr
    listed = {row["name"]: row for row in json.loads(command(site, "plugin", "list", "--json").stdout)["plugins"]}
    assert (listed["ant"]["status"], listed["wasp"]["status"]) == ("loaded", "broken")
    assert listed["wasp"]["error"].startswith("load: ")
    assert command(site, "doctor").returncode == 7


def test_a_conversion_that_lacks_a_layer_names_the_plugin_that_ends_the_process(site: Path) -> None:
    install(site, "wasp", before="import os; os._exit(3)")
    with pytest.raises(UnsupportedError, match=r"wasp \(it ended the process, with the code 3\)"):
        dragoman.convert(model("Zzzzzzzzzzzz"))


def test_a_hook_that_ends_the_process_is_named(site: Path) -> None:
    install(site, "wasp", more="def dragoman_register_ops():\n    import os; os._exit(5)\n"
            "dragoman_register_ops = hookimpl(dragoman_register_ops)")  # fmt: skip
    wasp = PluginHost().plugins["wasp"]
    assert (wasp.status, wasp.stage) == ("broken", "dragoman_register_ops")


def test_a_slow_plugin_delays_no_conversion_that_does_not_need_it(site: Path) -> None:
    install(site, "snail", before="import time; time.sleep(5)")
    path = saved(site, "Relu")
    command(site, "plugin", "list")
    start = time.perf_counter()
    assert command(site, "convert", path).returncode == 0
    assert time.perf_counter() - start < 4.5


def test_a_conversion_goes_on_after_a_plugin_that_never_comes_back(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dragoman.index import looking

    monkeypatch.setattr(looking, "PATIENCE", 1.5)
    install(site, "stuck", before="import threading; threading.Event().wait()")
    host = PluginHost()
    assert dragoman.convert(model("Relu"), host=host).layers
    assert "did not come back within 1.5 s" in host.plugins["stuck"].error


def test_conflicts_are_found_without_importing_what_has_no_part_in_them(site: Path) -> None:
    for name, layer in (("ant", "both:Layer"), ("bee", "both:Layer"), ("cow", "")):
        install(site, name, layer)
    seen(site)
    with pytest.raises(PluginError, match=r"onnx:both:Layer is claimed by ant .* and bee") as caught:
        dragoman.convert(model("Relu"))
    assert caught.value.code == "D603"
    assert (imported("ant"), imported("bee"), imported("cow")) == (True, True, False)


def test_replaces_holds_from_the_index(site: Path) -> None:
    install(site, "ant", "Relu", replaces=("onnx:Relu",))
    seen(site)
    assert [p.by for p in dragoman.convert(model("Relu")).layers] == ["ant"]


def test_a_requirement_that_is_missing_is_told_from_the_index(site: Path) -> None:
    install(site, "ant", requires=("absent",))
    seen(site)
    ant = PluginHost().plugins["ant"]
    assert (ant.status, ant.error, imported("ant")) == ("broken", "it needs the plugins absent", False)


def test_near_misses_come_from_the_index(site: Path) -> None:
    install(site, "ant", "ant:Frobnicate")
    seen(site)
    with pytest.raises(UnsupportedError) as caught:
        dragoman.convert(model("ant:Frobnicat"))
    assert "ant:Frobnicate" in caught.value.problems[0].hint


OPS = """
@hookimpl
def dragoman_register_ops():
    from dragoman.graph.types import TensorType
    from dragoman.ops.define import In, Op, op

    @op("{kind}", "extension")
    class Custom(Op):
        data = In("T")

        def infer(self, data):
            return TensorType(data.dtype, data.shape)

    return [Custom]
"""


def test_an_op_brings_its_plugin(site: Path) -> None:
    install(site, "ant", more=OPS.format(kind="AntOp"))
    install(site, "bee", more=OPS.format(kind="BeeOp"))
    seen(site)
    host = PluginHost()
    ops = host.op_registry()
    assert ops.latest("Relu") is not None
    assert not imported("bee")
    assert ops.latest("BeeOp") is not None
    assert (imported("ant"), imported("bee")) == (False, True)
    owner = host.owner_of_op("AntOp")
    assert owner is not None
    assert str(owner.plugin) == "ant"


def test_two_owners_of_an_op_are_refused_from_the_index(site: Path) -> None:
    for name in ("ant", "bee"):
        install(site, name, more=OPS.format(kind="Both"))
    seen(site)
    with pytest.raises(PluginError, match="op:Both:extension is claimed by ant"):
        PluginHost().op_registry()


RULES = """
@hookimpl
def dragoman_register_rules():
    import sys
    sys.{name}_was_asked = True
    return []
"""


def test_a_plugin_with_rules_is_always_asked(site: Path) -> None:
    install(site, "ant", more=RULES.format(name="ant"))
    seen(site)
    dragoman.convert(model("Relu"))
    assert getattr(sys, "ant_was_asked", False)


@pytest.mark.parametrize("layer", ["ant:Later", "ant:Layer"])
def test_an_index_that_is_wrong_is_noticed_and_made_anew(
    site: Path, layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind its back: neither the new nor the old layer is taken from it."""
    package = install(site, "ant")
    seen(site)
    monkeypatch.setattr(Record, "is_current", lambda self: True)
    text = (package / "layers.py").read_text()
    (package / "layers.py").write_text(text.replace("ant:Layer", "ant:Later"))
    if layer == "ant:Later":
        assert [p.by for p in dragoman.convert(model(layer)).layers] == ["ant"]
    else:
        with pytest.raises(UnsupportedError) as caught:
            dragoman.convert(model(layer))
        assert "ant:Later" in caught.value.problems[0].hint
    assert not index_files(site)
    assert "ant:Later" in PluginHost().extractor_table("onnx", ()).names("onnx")


def test_a_plugin_that_was_broken_is_tried_again_before_a_model_is_refused(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ant", before="import os\nif 'ANT_HOME' not in os.environ: raise ImportError('no ANT_HOME')")
    seen(site)
    with pytest.raises(UnsupportedError, match="no ANT_HOME"):
        dragoman.convert(model("Zzzzzzzzzzzz"))
    monkeypatch.setenv("ANT_HOME", "here")
    assert [p.by for p in dragoman.convert(model("ant:Layer")).layers] == ["ant"]
    assert [p.by for p in dragoman.plan(model("ant:Layer")).layers] == ["ant"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "\x00", '{"format":1}', "[" * 100_000, "changed"],
    ids=["empty", "half", "list", "null", "binary", "other", "deep", "fields"],
)
def test_an_index_that_cannot_be_read_is_as_none(site: Path, text: str) -> None:
    install(site, "ant")
    seen(site)
    [file] = index_files(site)
    whole = file.read_text()
    file.write_text(whole.replace('"hooks":[', '"hooks":[7,') if text == "changed" else text)
    assert [p.by for p in dragoman.convert(model("ant:Layer")).layers] == ["ant"]
    assert json.loads(index_files(site)[0].read_text())["found"] == json.loads(whole)["found"]


def test_a_cache_folder_that_cannot_be_written_is_no_matter(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ant")
    blocked = site.parent / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert [p.by for p in dragoman.convert(model("ant:Layer")).layers] == ["ant"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_folder_without_permission_is_no_matter(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ant")
    folder = site.parent / "cache"
    folder.mkdir(mode=0o500)
    assert [p.by for p in dragoman.convert(model("ant:Layer")).layers] == ["ant"]


def test_without_an_interpreter_of_its_own_everything_is_imported_and_nothing_kept(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ant")
    monkeypatch.setattr(sys, "executable", str(site / "editor"))
    assert PluginHost().plugins["ant"].module is not None
    assert not index_files(site)


def test_the_environment_turns_it_off(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ant")
    monkeypatch.setenv("DRAGOMAN_NO_INDEX", "1")
    assert PluginHost().plugins["ant"].module is not None
    assert not index_files(site)


def test_what_the_user_leaves_out_is_not_looked_at(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = site.parent / "mark"
    install(site, "ant", before=f"open({str(mark)!r}, 'w').close()")
    monkeypatch.setenv("DRAGOMAN_PLUGINS", "onnx")
    assert list(PluginHost().plugins) == ["core", "onnx"]
    PluginHost(only=())
    assert not mark.exists()
    monkeypatch.delenv("DRAGOMAN_PLUGINS")
    assert "ant" in PluginHost().plugins
    assert mark.exists()


def test_disabling_works_on_what_is_not_imported(site: Path) -> None:
    install(site, "ant")
    seen(site)
    host = PluginHost()
    host.disable(["ant"])
    with pytest.raises(UnsupportedError):
        dragoman.convert(model("ant:Layer"), host=host)
    assert not imported("ant")


def test_a_host_with_files_knows_what_is_not_imported(site: Path, tmp_path: Path) -> None:
    install(site, "ant")
    seen(site)
    file = tmp_path / "own.py"
    file.write_text(
        "from dragoman.hookspecs import hookimpl\nfrom dragoman.frontends.extract import Extractors\n"
        "layers = Extractors('onnx')\n@layers('own:Layer')\ndef convert(layer, op, x):\n    return op.Relu(x)\n"
        "@hookimpl\ndef dragoman_register_extractors():\n    return [layers]\n"
    )
    result = dragoman.convert(model("own:Layer", "ant:Layer"), extensions=[str(file)])
    assert [p.by for p in result.layers] == ["own", "ant"]


def test_one_file_is_kept_for_each_of_a_few_environments(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dragoman.index import store

    monkeypatch.setattr(store, "MOST", 2)
    for name in ("ant", "bee", "cow"):
        folder = site.parent / name
        install(folder, name)
        monkeypatch.syspath_prepend(str(folder))
        PluginHost()
    assert len(index_files(site)) == 2


def test_processes_at_once_leave_one_whole_index(site: Path) -> None:
    for name in ("ant", "bee"):
        install(site, name)
    path = saved(site, "ant:Layer")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *(p for p in sys.path if p)])}
    code = f"import dragoman; print(dragoman.convert({path!r}).layers[0].by)"
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["ant"] * 3
    held = sorted(p.name for p in (site.parent / "cache" / "dragoman").iterdir())
    assert all(name.startswith("plugins-") for name in held)
    assert json.loads(index_files(site)[0].read_text())["found"]


def test_nothing_is_imported_from_the_working_folder(site: Path) -> None:
    install(site, "alpha")
    (site.parent / "json.py").write_text("open('ran', 'w')\n")
    path = os.pathsep.join([str(site), *(p for p in sys.path if p)])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "dragoman", "plugin", "list"],
        cwd=site.parent, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "alpha" in done.stdout
    assert index_files(site)
    assert not (site.parent / "ran").exists()
