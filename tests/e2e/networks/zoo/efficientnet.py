"""EfficientNet-B0 as converted from TensorFlow: SAME padding, swish, squeeze and excitation."""

from __future__ import annotations

from .convolution import classify, conv, squeeze_excite
from .forms import Net

# expansion, kernel, stride, channels, repeats
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def efficientnet_b0(opset: int, divide: int = 8, classes: int = 10, image: int = 65, folded: bool = False) -> Net:
    """The odd default image makes SAME padding asymmetric in some layers."""
    net = Net("efficientnet_b0", opset, samples=[{"batch": 1}, {"batch": 2}])
    x = net.input("images", ["batch", 3, image, image])
    channels = 32 // divide
    x = net.sigmoid_linear(conv(net, "stem", x, 3, channels, 3, 2, gain=1.4, folded=folded, same=True))
    for stage, (expansion, kernel, first_stride, full, repeats) in enumerate(_STAGES):
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            with net.scope(f"blocks.{stage}.{repeat}"):
                x = _block(net, x, channels, expansion, kernel, stride, full // divide, folded)
            channels = full // divide
    x = net.sigmoid_linear(conv(net, "head", x, channels, 1280 // divide, gain=1.4, folded=folded, same=True))
    logits = classify(net, x, 1280 // divide, classes)
    net.output(net("Softmax", logits, axis=1), "probabilities", ["batch", classes])
    return net


def _block(net: Net, x: str, inputs: int, expansion: int, kernel: int, stride: int, outputs: int, folded: bool) -> str:
    hidden = inputs * expansion
    y = x
    if expansion != 1:
        y = net.sigmoid_linear(conv(net, "expand", y, inputs, hidden, gain=1.4, folded=folded, same=True))
    y = conv(net, "depthwise", y, hidden, hidden, kernel, stride, group=hidden, gain=1.4, folded=folded, same=True)
    y = squeeze_excite(net, net.sigmoid_linear(y), hidden, max(inputs // 4, 1), "Swish", "Sigmoid")
    y = conv(net, "project", y, hidden, outputs, folded=folded, same=True)
    return net("Add", y, x) if inputs == outputs and stride == 1 else y
