"""Which front-end reads a model: each one looks at the name and the first 4 KB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.errors import SourceError, UsageError, did_you_mean
from dragoman.files import refuse_lfs_pointer
from dragoman.frontends.contract import Frontend, Model, Probe

if TYPE_CHECKING:
    from dragoman.plugins import PluginHost

#: suffix -> plugin that is known to read it, for the hint when it is not installed
KNOWN_PLUGINS = {
    ".onnx": "dragoman-onnx", ".caffemodel": "dragoman-caffe", ".prototxt": "dragoman-caffe", ".pb": "dragoman-tf",
    ".params": "dragoman-mxnet", ".nnet": "dragoman-kaldi", ".mdl": "dragoman-kaldi",
}  # fmt: skip


def recognise(model: Model, host: PluginHost, framework: str = "") -> Frontend:
    """The front-end with the strongest claim, or the one the user names.

    Raises SourceError D201/D202 (path), D203 (no front-end reads it), D211 (Git LFS pointer), UsageError D104.
    """
    frontends = [f for _, f in host.frontends()]
    head = model.head()
    refuse_lfs_pointer(head, "model", model.name)
    if framework:
        named = [f for f in frontends if f.name == framework]
        if not named:
            names = [f.name for f in frontends]
            raise UsageError(
                "D104", f"no installed plugin reads {framework!r}", "--framework", did_you_mean(framework, names)
            )
        return named[0]
    if model.source is not None and not head:
        raise SourceError("D203", "the file is empty", model.name, "fetch it again")
    claims: list[tuple[Probe, Frontend]] = []
    for frontend in frontends:
        probe = frontend.probe(model, head)
        if probe is not None:
            claims.append((probe, frontend))
    if not claims:
        raise _unknown(model, [f.name for f in frontends])
    claims.sort(key=lambda c: (-c[0].confidence, c[1].name))
    return claims[0][1]


def _unknown(model: Model, names: list[str]) -> SourceError:
    suffix = model.path.suffix.lower() if model.path else ""
    plugin = KNOWN_PLUGINS.get(suffix)
    hint = "dragoman plugin list shows what can be read"
    if plugin and plugin.removeprefix("dragoman-") not in names:
        hint = f"pip install {plugin}"
    have = ", ".join(names) or "none"
    return SourceError("D203", f"no installed plugin recognises this as a model (front-ends: {have})", model.name, hint)
