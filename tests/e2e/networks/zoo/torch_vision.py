"""Image networks in PyTorch at small widths, block for block like the well-known ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv_norm(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv_norm(inputs, width)
        self.conv2 = conv_norm(width, width, 3, stride)
        self.conv3 = conv_norm(width, width * 4)
        self.skip = nn.Identity() if inputs == width * 4 else conv_norm(inputs, width * 4, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.conv1(x))
        y = functional.relu(self.conv2(y))
        return functional.relu(self.conv3(y) + self.skip(x))


class ResNet(nn.Module):
    def __init__(self, width: int = 8, blocks: tuple[int, ...] = (2, 2, 2, 2)) -> None:
        super().__init__()
        self.stem = conv_norm(3, width, 7, 2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        layers: list[nn.Module] = []
        channels = width
        for stage, count in enumerate(blocks):
            for block in range(count):
                layers.append(Bottleneck(channels, width << stage, 2 if stage and not block else 1))
                channels = (width << stage) * 4
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.pool(functional.relu(self.stem(x))))
        return self.head(torch.flatten(functional.adaptive_avg_pool2d(x, 1), 1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, kernel: int, stride: int, squeeze: bool) -> None:
        super().__init__()
        self.expand = conv_norm(inputs, hidden)
        self.depthwise = conv_norm(hidden, hidden, kernel, stride, hidden)
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(hidden, 4, 1), nn.ReLU(), nn.Conv2d(4, hidden, 1), nn.Hardsigmoid()
        )
        self.squeezed = squeeze
        self.project = conv_norm(hidden, outputs)
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = functional.hardswish(self.expand(x))
        y = functional.hardswish(self.depthwise(y))
        if self.squeezed:
            y = y * self.squeeze(y)
        y = self.project(y)
        return x + y if self.residual else y


class MobileNetV3(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_norm(3, 8, 3, 2)
        self.blocks = nn.Sequential(
            InvertedResidual(8, 16, 8, 3, 1, False),
            InvertedResidual(8, 24, 12, 3, 2, False),
            InvertedResidual(12, 36, 12, 5, 1, True),
            InvertedResidual(12, 48, 16, 5, 2, True),
            InvertedResidual(16, 48, 16, 5, 1, True),
        )
        self.classifier = nn.Sequential(nn.Linear(16, 32), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(32, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(functional.hardswish(self.stem(x)))
        return self.classifier(x.mean([2, 3]))


class Double(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(conv_norm(inputs, outputs, 3), nn.ReLU(True), conv_norm(outputs, outputs, 3), nn.ReLU(True))


class UNet(nn.Module):
    """Transposed convolution on the first way up, interpolation to the skip's size on the second."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.inc = Double(3, width)
        self.down1 = Double(width, width * 2)
        self.down2 = Double(width * 2, width * 4)
        self.up2 = nn.ConvTranspose2d(width * 4, width * 2, 2, 2)
        self.fuse2 = Double(width * 4, width * 2)
        self.fuse1 = Double(width * 3, width)
        self.out = nn.Conv2d(width, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        x1 = self.inc(image)
        x2 = self.down1(functional.max_pool2d(x1, 2))
        x3 = self.down2(functional.max_pool2d(x2, 2))
        y = self.fuse2(torch.cat([x2, self.up2(x3)], 1))
        y = functional.interpolate(y, size=x1.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(self.out(self.fuse1(torch.cat([x1, y], 1))))


class ViT(nn.Module):
    def __init__(self, hidden: int = 24, heads: int = 3, layers: int = 2, image: int = 32, patch: int = 8) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, hidden, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, hidden))
        self.places = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, hidden) * 0.3)
        layer = nn.TransformerEncoderLayer(hidden, heads, 4 * hidden, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(hidden), enable_nested_tensor=False)
        self.head = nn.Linear(hidden, 10)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.encoder(x)[:, 0])
