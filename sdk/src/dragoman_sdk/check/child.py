"""The process that runs a plugin's code: ``python -m dragoman_sdk.check.child LOG`` with a request on stdin."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from dragoman_sdk.check.log import Log, place, told


def main() -> None:
    """Look at one plugin; what is found goes into the log."""
    log = Log(Path(sys.argv[1]))
    request: dict[str, Any] = json.load(sys.stdin)
    try:
        _look(log, request)
    except Exception as error:
        log.find("error", "check", f"the check itself failed: {told(error)}", place(error))
    log.done()
    os._exit(0)  # a thread that the plugin left running does not hold the check up


def _look(log: Log, request: dict[str, Any]) -> None:
    from dragoman_sdk.check.content import look_at_content
    from dragoman_sdk.check.hooks import look_at_hooks
    from dragoman_sdk.check.model import look_at_model
    from dragoman_sdk.check.watched import WatchedHost

    name, skipped = request["plugin"], frozenset(request["skip"])
    if "load" in skipped:
        return
    host = WatchedHost(name, log, skipped)
    plugin = host.plugins.get(name)
    if plugin is None:
        log.find("error", "load", f"there is no entry point {name!r}", "see [project.entry-points] in pyproject.toml")
        return
    if plugin.module is not None:
        look_at_hooks(plugin.module, log, Path(request["source"]) if request["source"] else None)
    if plugin.status != "loaded":
        trace = [line.strip() for line in plugin.trace.splitlines() if line.strip().startswith("File")]
        log.find("error", plugin.stage or "load", plugin.error, trace[-1] if trace else "")
        return
    log.find("seen", "load", f"{plugin.label}, plugin {name}: {plugin.info.summary if plugin.info else ''}")
    look_at_content(host, log)
    if request["model"]:
        look_at_model(host, log, request["model"], request["options"], skipped)


if __name__ == "__main__":
    main()
