"""Models with custom ops, read and run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.runtime.failures import own_errors
from dragoman.runtime.needs import Need, needs_of
from dragoman.runtime.tensors import from_tensor, import_openvino, to_tensor

if TYPE_CHECKING:
    import openvino

    from dragoman.graph.tensor import Array
    from dragoman.plugins import PluginHost


def load(xml: str | Path, core: openvino.Core | None = None, host: PluginHost | None = None) -> openvino.Model:
    """An ``openvino.Model`` from an IR with custom ops that plugins compute.

    Args:
        xml: the IR's ``.xml``, its ``.bin`` beside it.
        core: gets the ops and reads the model; one made for this model when None. Ops that it knows need no plugin; an
            older plugin than the IR's is refused all the same where it has the op.
        host: loaded plugins; the installed ones by default.

    Raises:
        SourceError: D201 when a file is missing, another D2xx when it is no IR.
        PluginError: D607 (no OpenVINO), D610 (no plugin computes an op), D611 (a plugin is older than the one that the
            IR was made with), D612 (an op does not go with its layer).
    """
    path = checked_ir(xml)
    needs = needs_of(path)
    if core is not None:
        return _read_by(core, path, needs, host)
    return _read(_equipped(needs, host, str(path)), path)


def core(*irs: str | Path, host: PluginHost | None = None) -> openvino.Core:
    """An ``openvino.Core`` that knows the custom ops of plugins.

    Args:
        irs: the ``.xml`` files that it will read. With none it knows the ops of all plugins; of those only layers whose
            op class infers its outputs can then be read.
        host: loaded plugins; the installed ones by default.

    Raises:
        SourceError: D201 when a file is missing, another D2xx when it is no IR.
        PluginError: D607 (no OpenVINO), D610 (no plugin computes an op), D611 (a plugin is older than the one that an
            IR was made with).
    """
    if not irs:
        from dragoman.runtime.plugins import classes

        return core_with(classes(host or _host(), None))
    needs: dict[str, Need] = {}
    for xml in irs:
        for op, need in needs_of(checked_ir(xml)).items():
            needs.setdefault(op, Need(op)).merge(need)
    return _equipped(needs, host, ", ".join(map(str, irs)))


def core_with(extensions: Iterable[type] = ()) -> openvino.Core:
    """A runtime core that knows further ops, given as ``openvino.Op`` classes."""
    held = list(extensions)
    if not held:
        plain: openvino.Core = import_openvino().Core()
        return plain
    from dragoman.runtime.carriers import knowing_core

    made: openvino.Core = knowing_core(held)
    return made


def model_of(
    xml: bytes, weights: bytes, extensions: Iterable[type] = (), host: PluginHost | None = None
) -> openvino.Model:
    """An ``openvino.Model`` from an IR pair in memory; raises as :func:`load`.

    Args:
        xml: its text.
        weights: its data.
        extensions: classes of ops that need no plugin.
        host: loaded plugins; the installed ones by default.
    """
    from dragoman.lazy import np

    ov = import_openvino()
    # the runtime's own copy: a shared one would have to outlive the model
    blob = ov.Tensor(np.frombuffer(weights or b"\0", np.uint8))
    given = {cls.__name__: cls for cls in extensions}
    made = _equipped({op: need for op, need in needs_of(xml).items() if op not in given}, host)
    for cls in given.values():
        made.add_extension(cls)
    return _read(made, xml, blob)


def _read(core: openvino.Core, *model: Any) -> openvino.Model:
    from dragoman.runtime.carriers import carry

    with own_errors():
        read: openvino.Model = core.read_model(*model)
        carry(read)
    return read


def _read_by(core: openvino.Core, path: Path, needs: Mapping[str, Need], host: PluginHost | None) -> openvino.Model:
    """By a core that may know some of the ops: what is missing shows when it cannot read the model."""
    from dragoman.runtime.plugins import check_ages, check_needs, classes

    host = host or _host()
    check_ages(needs, host, str(path))
    for cls in classes(host, needs):
        core.add_extension(cls)
    try:
        return _read(core, path)
    except RuntimeError:
        check_needs(needs, host, str(path))
        raise


def _equipped(needs: Mapping[str, Need], host: PluginHost | None, where: str = "") -> openvino.Core:
    """A core with the ops that are needed, all of which plugins must have."""
    if not needs:
        return core_with()
    from dragoman.runtime.plugins import check_needs, classes

    host = host or _host()
    check_needs(needs, host, where)
    return core_with(classes(host, needs))


def _host() -> PluginHost:
    from dragoman.plugins import PluginHost

    return PluginHost()


class IrRunner:
    """Runs an IR on the CPU in full precision (the plugin's default may be bf16).

    Args:
        model: the path of an ``.xml``, or a model of the runtime.
        host: plugins for the custom ops of an ``.xml``; the installed ones by default.

    Raises:
        PluginError: as :func:`load`; D612 also from :meth:`run`.
    """

    def __init__(self, model: str | Path | Any, host: PluginHost | None = None) -> None:
        self.model = load(model, host=host) if isinstance(model, (str, Path)) else model
        with own_errors():
            self.compiled = core_with().compile_model(self.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by their first tensor name, for inputs by any of their names (or their position as text)."""
        request = self.compiled.create_infer_request()
        for index, port in enumerate(self.compiled.inputs):
            names = {*port.get_names(), port.get_node().get_friendly_name(), str(index)}
            name = next((n for n in feeds if n in names), None)
            if name is not None:
                request.set_tensor(port, to_tensor(feeds[name], port.get_element_type()))
        with own_errors():
            request.infer()
        out: dict[str, Array] = {}
        for index, port in enumerate(self.compiled.outputs):
            array = from_tensor(request.get_tensor(port))
            for name in sorted(port.get_names()) or [str(index)]:
                out[name] = array
        return out


def checked_ir(path: str | Path) -> Path:
    """The path of an IR's ``.xml`` with its ``.bin`` beside it; SourceError D201 when either is missing."""
    from dragoman.files import missing_file

    xml = Path(path)
    for file in (xml, xml.with_suffix(".bin")):
        if not file.is_file():
            raise missing_file(file)
    return xml
