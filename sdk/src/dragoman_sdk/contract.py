"""What every plugin keeps, as functions that say in words what is wrong: the conformance classes assert their answers.

Each takes a host in which the plugin is loaded, and its name; an empty list means that all is well. None of them needs
a model or OpenVINO, except :func:`runtime_faults`.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError
from dragoman.graph.types import DType
from dragoman.hookspecs import API_VERSION, PluginInfo
from dragoman.ops.define import Op
from dragoman.plugins import Plugin, PluginHost
from dragoman.rules.pipeline import Pipeline
from dragoman.rules.rule import Compiled, Rule

if TYPE_CHECKING:
    from dragoman.frontends.registry import Extractor, Extractors

#: modules that no manifest may import; frameworks of the plugins that exist and of those to come
HEAVY = (
    "numpy", "ml_dtypes", "tensorflow", "torch", "onnx", "onnxruntime", "mxnet", "caffe", "openvino", "google.protobuf",
    "cv2", "scipy", "pandas", "jax", "keras", "PIL", "sklearn",
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_KEY = re.compile(r"(op|rule|shape|runtime|frontend):.+|[a-z][a-z0-9_]*:.+")
#: of a summary, which is one line of a list
_SUMMARY = 100


def info_faults(host: PluginHost, name: str) -> list[str]:
    """The manifest: status, name, summary, API version, homepage, keys of ``replaces``, plugins of ``requires``."""
    plugin = host.plugins.get(name)
    if plugin is None:
        return [f"no entry point {name!r} in the group dragoman.plugins; there are {', '.join(host.plugins)}"]
    if plugin.status != "loaded" or plugin.info is None:
        return [f"{plugin.status} at {plugin.stage}: {plugin.error}"]
    return list(_info_faults(plugin.info, name, host))


def _info_faults(info: PluginInfo, name: str, host: PluginHost) -> Iterator[str]:
    if info.name != name:
        yield f"its PluginInfo is called {info.name!r}, and its entry point {name!r}"
    if not _NAME.fullmatch(name):
        yield f"{name!r} is no name for --disable and DRAGOMAN_PLUGINS: small letters, digits, - and _"
    if not info.summary.strip() or "\n" in info.summary or len(info.summary) > _SUMMARY:
        yield f"its summary is shown by dragoman plugin list: one line of at most {_SUMMARY} characters"
    if info.api != API_VERSION:
        yield f"it is written for hook API {info.api}; this Dragoman has {API_VERSION}"
    if info.homepage and not re.match(r"https?://\S+$", info.homepage):
        yield f"its homepage {info.homepage!r} is no address"
    for key in sorted(info.replaces):
        if not _KEY.fullmatch(key):
            yield f"it replaces {key!r}, which is no key such as 'onnx:Gelu', 'op:MyOp:extension' or 'rule:FuseScale'"
    if name in info.requires:
        yield "it requires itself"
    yield from (f"it requires {r}, which is not loaded" for r in info.requires if r not in host.plugins)


def range_faults(plugin: Plugin) -> list[str]:
    """The versions of Dragoman that the plugin's distribution asks for: a lower and an upper bound."""
    dist = plugin.point.dist
    if dist is None:
        return [] if plugin.point.distribution == "" else ["the metadata of its distribution cannot be read"]
    wanted = [r for r in dist.requires or () if re.match(r"dragoman\s*(\[[^\]]*\])?\s*(\(|[<>=!~]|$|;)", r)]
    own = [r for r in wanted if "extra ==" not in r]
    if not own:
        return [f"{dist.name} does not depend on dragoman: state dependencies = ['dragoman>=0.1,<0.3']"]
    stated = own[0].partition(";")[0]
    faults = []
    if not re.search(r">=|==|~=|>", stated):
        faults.append(f"{stated!r} has no lower bound: older versions lack names that it uses")
    if not re.search(r"<|==|~=", stated):
        faults.append(f"{stated!r} has no upper bound: deprecated names are removed two minor versions later")
    return faults


def import_faults(name: str) -> list[str]:
    """Loading an installed plugin in a fresh interpreter imports nothing of :data:`HEAVY`."""
    code = (
        "import sys; from dragoman.plugins import PluginHost; before = {*sys.modules}; "
        f"PluginHost(only=[{name!r}]).load_all(); print(*[m for m in {HEAVY!r} if m in {{*sys.modules}} - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return [f"an interpreter that loads it ends with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}"]
    return [f"its manifest imports {module}: import it inside the hook that needs it" for module in done.stdout.split()]


def hook_faults(host: PluginHost, name: str) -> list[str]:
    """Every register hook can be called and gives what the contract says."""
    fault = _of(host.frontends)
    if fault:
        return [fault]
    collects: list[Callable[[], object]] = [host.op_registry, host.rules, host.shape_rules, host.runtime_ops]
    for framework in frameworks(host):
        collects += [partial(host.extractor_table, framework), partial(host.references, framework)]
    for collect in collects:
        fault = _of(collect)
        if fault:
            return [fault]
    plugin = host.plugins[name]
    return [f"{plugin.stage}: {plugin.error}"] if plugin.status == "broken" else []


def _of(collect: Callable[[], object]) -> str:
    try:
        collect()
    except (DragomanError, ValueError) as error:
        return str(error)
    return ""


def frameworks(host: PluginHost) -> list[str]:
    """Those of the loaded front-ends."""
    return [frontend.name for _, frontend in host.frontends()]


def op_faults(host: PluginHost, name: str) -> list[str]:
    """Its op classes: documented, with inference, and attributes that come back from the XML as they were."""
    return [fault for cls in _own_ops(host, name) for fault in _op_faults(cls)]


def _own_ops(host: PluginHost, name: str) -> list[type[Op]]:
    return [cls for owner, cls in host.call("dragoman_register_ops", Op) if owner == name]


def _op_faults(cls: type[Op]) -> Iterator[str]:
    where = f"op {cls.type} ({cls.version})"
    if not (cls.__dict__.get("__doc__") or "").strip():
        yield f"{where} has no docstring"
    if cls.infer is Op.infer and cls.infer_bodies is Op.infer_bodies:
        yield f"{where} has no infer: its outputs have no types, and what reads them cannot be converted"
    if cls.version != "extension" and not re.fullmatch(r"opset\d+", cls.version):
        yield f"{where}: its version is neither extension nor an opset"
    if any(field.required for field in cls.attributes.values()):
        return
    made = cls()
    try:
        same = cls.from_xml(made.xml()) == made
    except (TypeError, ValueError) as error:
        yield f"{where}: its own XML cannot be read back: {error}"
        return
    if not same and not any(isinstance(value, DType) for value in made.values().values()):
        yield f"{where}: {made!r} is read back as {cls.from_xml(made.xml())!r}"


def extractor_faults(host: PluginHost, name: str) -> list[str]:
    """Its extractors: documented, and registered for frameworks that say what they are."""
    found = []
    for framework in frameworks(host):
        for entry in _own_extractors(host, name, framework):
            if not (inspect.getdoc(entry.function) or "").strip():
                kind = f"{entry.framework}:{entry.op}"
                found.append(f"the extractor of {kind} has no docstring: state the layer's signature and formula")
    return found


def _own_extractors(host: PluginHost, name: str, framework: str) -> Iterator[Extractor]:
    from dragoman.frontends.registry import Extractors

    groups: list[tuple[str, Extractors]] = host.call("dragoman_register_extractors", Extractors, framework=framework)
    for owner, group in groups:
        if owner == name and group.framework == framework:
            yield from group.entries


def rule_faults(host: PluginHost, name: str) -> list[str]:
    """Its rules: documented, of a known phase and order, with patterns that can be read."""
    own = [rule for owner, rule in host.rules() if owner == name]
    found = [
        f"the rule {r.name} has no docstring: state its equation" for r in own if not type(r).__dict__.get("__doc__")
    ]
    try:
        Pipeline(host.rules()).names()
    except DragomanError as error:
        found.append(str(error))
    for rule in own:
        if isinstance(rule, Rule):
            try:
                Compiled(rule)
            except Exception as error:
                found.append(f"the pattern of the rule {rule.name} cannot be read: {type(error).__name__}: {error}")
    return found


def runtime_faults(host: PluginHost, name: str) -> list[str]:
    """Its runtime ops: classes that OpenVINO takes, and functions that take attributes and inputs."""
    from dragoman.runtime.plugins import classes

    own = [item for owner, item in host.runtime_ops() if owner == name]
    found = []
    for item in own:
        if item.compute is None:
            continue
        cls = host.op_registry().find(item.op, "extension")
        least = 1 + sum(not port.optional and not port.variadic for port in cls.inputs) if cls is not None else 1
        if not _takes(item.compute, least):
            found.append(f"compute of {item.op} does not take attrs and {least - 1} inputs")
    try:
        made = {cls.__name__ for cls in classes(host, None)}
    except DragomanError as error:
        return [*found, str(error)]
    return [*found, *(f"no class was made of the runtime op {item.op}" for item in own if item.op not in made)]


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # of a built-in function nothing is known
        return True
    return True


def name_faults(host: PluginHost, name: str) -> list[str]:
    """Nothing is registered twice by the plugin itself."""
    keys = [f"op {cls.type} ({cls.version})" for cls in _own_ops(host, name)]
    keys += [f"rule {r.name}" for owner, r in host.call("dragoman_register_rules") if owner == name]
    keys += [
        f"runtime op {r.op}" for owner, r in host.call("dragoman_register_runtime_ops", host=host) if owner == name
    ]
    keys += [f"option {o.name}" for f in frameworks(host) for o in _own_options(host, name, f)]
    return [f"{key} is registered {count} times" for key, count in Counter(keys).items() if count > 1]


def _own_options(host: PluginHost, name: str, framework: str) -> Iterable[Any]:
    return [option for owner, option in host.call("dragoman_register_options", framework=framework) if owner == name]
