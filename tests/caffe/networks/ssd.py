"""Single-shot detectors with everything up to DetectionOutput: MobileNet-SSD and SSD300 over VGG-16."""

from __future__ import annotations

from dataclasses import dataclass

from .blocks import (
    batch_norm_scale,
    concat,
    conv,
    conv_relu,
    flatten,
    permute,
    pool,
    relu,
    reshape,
    softmax,
)
from .net import Net, Weight, uniform

CLASSES = 21


@dataclass(frozen=True)
class Source:
    """A feature map with its prior boxes, in pixels."""

    blob: str
    min_size: float
    max_size: float | None
    ratios: tuple[float, ...]
    step: int | None = None

    @property
    def priors(self) -> int:
        return 1 + (self.max_size is not None) + 2 * len(self.ratios)


def _heads(net: Net, sources: list[Source], kernel: int, detection: dict[str, object]) -> Net:
    """Locations, confidences and priors of all sources, joined, decoded and suppressed."""
    locations, confidences, priors = [], [], []
    for source in sources:
        for kind, values, gain, joined in (("loc", 4, 0.7, locations), ("conf", CLASSES, 1.5, confidences)):
            name = f"{source.blob}_mbox_{kind}"
            head = conv(net, name, source.blob, source.priors * values, kernel, 1, kernel // 2, gain=gain)
            joined.append(flatten(net, f"{name}_flat", permute(net, f"{name}_perm", head, 0, 2, 3, 1)))
        priors.append(_prior_box(net, source))
    location = concat(net, "mbox_loc", locations)
    scores = reshape(net, "mbox_conf_reshape", concat(net, "mbox_conf", confidences), 0, -1, CLASSES)
    scores = flatten(net, "mbox_conf_flatten", softmax(net, "mbox_conf_softmax", scores, 2))
    prior = concat(net, "mbox_priorbox", priors, axis=2)
    net.layer(
        "DetectionOutput",
        "detection_out",
        [location, scores, prior],
        [1, 1, detection["keep_top_k"], 7],
        detection_output_param={
            "num_classes": CLASSES,
            "share_location": True,
            "background_label_id": 0,
            "code_type": "CENTER_SIZE",
            **detection,
        },
    )
    return net


def _prior_box(net: Net, source: Source) -> str:
    given = {"max_size": source.max_size, "aspect_ratio": source.ratios, "step": source.step}
    height, width = net.shape[source.blob][2:]
    return net.layer(
        "PriorBox",
        f"{source.blob}_mbox_priorbox",
        [source.blob, "data"],
        [1, 2, height * width * source.priors * 4],
        prior_box_param={
            "min_size": source.min_size,
            **{key: value for key, value in given.items() if value is not None},
            "flip": True,
            "clip": False,
            "variance": (0.1, 0.1, 0.2, 0.2),
            "offset": 0.5,
        },
    )


def mobilenet_ssd(scale: int = 1, image: int = 300) -> Net:
    """Depthwise separable convolutions with BatchNorm and Scale, six feature maps."""
    net = Net("MobileNet-SSD", legacy_inputs=True)
    x = net.input("data", 1, 3, image, image)

    def step(name: str, x: str, outputs: int, kernel: int = 1, stride: int = 1, group: int = 1) -> str:
        y = conv(net, name, x, outputs, kernel, stride, kernel // 2, group=group, bias=False)
        return batch_norm_scale(net, (f"{name}/bn", f"{name}/scale"), y, f"{name}/relu")

    x = step("conv0", x, 32 // scale, 3, 2)
    widths = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for index, width in enumerate(widths, start=1):
        channels = net.shape[x][1]
        x = step(f"conv{index}/dw", x, channels, 3, 2 if index in (2, 4, 6, 12) else 1, group=channels)
        x = step(f"conv{index}", x, width // scale)
    for index, width in ((14, 512), (15, 256), (16, 256), (17, 128)):
        x = step(f"conv{index}_2", step(f"conv{index}_1", x, width // 2 // scale), width // scale, 3, 2)
    sizes = (60.0, 105.0, 150.0, 195.0, 240.0, 285.0, 300.0)
    blobs = ("conv11", "conv13", "conv14_2", "conv15_2", "conv16_2", "conv17_2")
    sources = [
        Source(blob, sizes[k], sizes[k + 1] if k else None, (2.0, 3.0) if k else (2.0,)) for k, blob in enumerate(blobs)
    ]
    limits = {"nms_param": {"nms_threshold": 0.45, "top_k": 100}, "keep_top_k": 100, "confidence_threshold": 0.25}
    return _heads(net, sources, 1, limits)


def vgg16(net: Net, x: str, scale: int) -> dict[str, str]:
    """The convolutional part; blobs of the last layer of each of its five groups, by the group's number."""
    ends = {}
    for group, (count, width) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), start=1):
        for index in range(1, count + 1):
            name = f"{group}_{index}"
            x = conv_relu(net, f"conv{name}", x, width // scale, 3, 1, 1, relu_name=f"relu{name}")
        ends[str(group)] = x
        if group < 5:
            x = pool(net, f"pool{group}", x, 2, 2)
    return ends


def ssd300(scale: int = 1) -> Net:
    """VGG-16 with a dilated fc6, Normalize on conv4_3, six feature maps, steps in pixels."""
    net = Net("VGG_VOC0712_SSD_300x300")
    ends = vgg16(net, net.input("data", 1, 3, 300, 300), scale)
    width = net.shape[ends["4"]][1]
    net.layer(
        "Normalize",
        "conv4_3_norm",
        [ends["4"]],
        net.shape[ends["4"]],
        weights=[Weight((width,), uniform(3.0, 6.0))],
        norm_param={"across_spatial": False, "channel_shared": False},
    )
    x = pool(net, "pool5", ends["5"], 3, 1, 1)
    x = conv_relu(net, "fc6", x, 1024 // scale, 3, 1, 6, dilation=6, relu_name="relu6")
    x = conv_relu(net, "fc7", x, 1024 // scale, relu_name="relu7")
    for group, width, stride in ((6, 512, 2), (7, 256, 2), (8, 256, 1), (9, 256, 1)):
        x = conv_relu(net, f"conv{group}_1", x, width // 2 // scale, relu_name=f"conv{group}_1_relu")
        x = conv(net, f"conv{group}_2", x, width // scale, 3, stride, stride - 1)
        x = relu(net, f"conv{group}_2_relu", x)
    sources = [
        Source("conv4_3_norm", 30.0, 60.0, (2.0,), 8),
        Source("fc7", 60.0, 111.0, (2.0, 3.0), 16),
        Source("conv6_2", 111.0, 162.0, (2.0, 3.0), 32),
        Source("conv7_2", 162.0, 213.0, (2.0, 3.0), 64),
        Source("conv8_2", 213.0, 264.0, (2.0,), 100),
        Source("conv9_2", 264.0, 315.0, (2.0,), 300),
    ]
    limits = {"nms_param": {"nms_threshold": 0.45, "top_k": 400}, "keep_top_k": 200, "confidence_threshold": 0.01}
    return _heads(net, sources, 3, limits)
