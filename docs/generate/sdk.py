"""The testing kit for plugin authors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from docs.generate.markdown import doc, first_line, page, text
from docs.generate.objects import described, signature

from dragoman_sdk.caffe_model import StoredLayer, mean_binaryproto, save_net, write_caffemodel
from dragoman_sdk.conformance import FrontendConformance, PluginConformance
from dragoman_sdk.layercase import LayerCase
from dragoman_sdk.opcase import OpCase
from dragoman_sdk.rulecase import RuleCase

KIT: tuple[type | Callable[..., Any], ...] = (
    *(LayerCase, OpCase, RuleCase, PluginConformance, FrontendConformance),
    *(save_net, write_caffemodel, StoredLayer, mean_binaryproto),
)


def sdk_page() -> str:
    """``reference/sdk.md``."""
    parts = [
        text(
            """`dragoman-sdk` holds what a plugin's tests are written with. Cases compare with the OpenVINO runtime and
            with the source's own framework; conformance classes are inherited, and pytest runs their checks. The guide
            has examples: [when a layer is missing](../guide/missing-layers.md), [replacing
            sub-graphs](../guide/replacing-sub-graphs.md)."""
        )
    ]
    shown = None
    for kind in KIT:
        module = sys.modules[kind.__module__]
        if module is not shown:
            parts += [f"## {kind.__module__}", first_line(module)]
            shown = module
        if isinstance(kind, type):
            parts += [f"### {kind.__name__}", *described(kind)]
        else:
            parts += [f"### {kind.__name__}", f"```python\n{kind.__name__}{signature(kind)}\n```", doc(kind)]
    return page("Testing kit", *parts)
