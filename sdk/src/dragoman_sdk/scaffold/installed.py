"""What a scaffold must know of the plugins beside it: names that are taken, layers that have an owner."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.errors import DragomanError, UsageError
from dragoman.ops import core_ops
from dragoman.plugins import PluginHost
from dragoman_sdk.scaffold.naming import Spec
from dragoman_sdk.scaffold.package import Known


def known_beside(host: PluginHost, layers: Sequence[Spec]) -> Known:
    """Op types, owners of the layers, and the messages that Caffe's own caffe.proto has for them."""
    owners = {}
    for spec in layers:
        owner = _owner(host, spec)
        if owner:
            owners[f"{spec.framework}:{spec.type}"] = owner
    caffe = [s for s in layers if s.framework == "caffe"]
    return Known(_op_types(host), owners, _parameters(caffe) if caffe else {})


def _op_types(host: PluginHost) -> list[str]:
    try:
        return host.op_registry().types()
    except DragomanError:  # likewise
        return [cls.type for cls in core_ops()]


def _owner(host: PluginHost, spec: Spec) -> str:
    try:
        entries = host.extractor_table(spec.framework).entries()
    except DragomanError:  # two plugins quarrel: neither's layers are known, and convert says so
        return ""
    return next((owner for owner, entry in entries if entry.op == spec.type), "")


def _parameters(layers: Sequence[Spec]) -> dict[str, tuple[str, bool]]:
    """By layer type, its message where caffe.proto has one, and whether that has a float ``beta`` of 1."""
    try:
        from dragoman_caffe.definitions import built_in
    except ImportError:
        return {}
    known = built_in()
    found = {}
    for spec in layers:
        field = known.field("LayerParameter", f"{spec.snake}_param")
        if field is None:
            continue
        beta = known.field(field.type, "beta")
        if beta is not None and (beta.kind != "float" or beta.default not in (1.0, 1)):
            raise UsageError(
                "D150",
                f"--layer caffe:{spec.type}: the example has a parameter beta of 1, and {field.type} has another beta",
                "plugin new",
                "scaffold a layer of another name, and rename it",
            )
        found[spec.type] = field.type, beta is not None
    return found
