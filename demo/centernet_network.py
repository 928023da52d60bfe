"""The demo's detector: its layers, once, for PyTorch to train and for Keras to write."""
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from scenes import SHAPES

SIDE = 160  # of the input, in pixels
STRIDE = 4
EPSILON = 1e-3  # of batch normalization


class Layers(Protocol):
    """What the network is made of. Tensors are the framework's own."""

    def conv(self, x: Any, filters: int, kernel: int, stride: int = 1, depthwise: bool = False, normalized: bool = True,
             clipped: bool = True, start: float = 0.0) -> Any:
        """Padded as TensorFlow's SAME. `clipped`: by ReLU6, whose range of 0 to 6 is what 8 bits like. Without batch
        normalization there is a bias that begins with `start`."""

    def add(self, x: Any, y: Any, clipped: bool) -> Any: ...

    def double(self, x: Any) -> Any:
        """Twice the height and width, bilinear."""


def centernet(layers: Layers, image: Any) -> list[Any]:
    """A CenterNet with a small residual network. Input: -1 to 1. Outputs, a cell for STRIDE pixels: logits of the classes,
    size (height, width) and offset of the centre (y, x) in cells."""
    x = layers.conv(layers.conv(image, 16, 3, 2), 32, 3, 2)
    x = fine = residual(layers, x, 32, 1)
    x = middle = residual(layers, residual(layers, x, 48, 2), 48, 1)
    x = residual(layers, residual(layers, x, 72, 2), 72, 1)
    for lateral, filters in ((middle, 48), (fine, 32)):
        x = layers.double(layers.conv(x, filters, 1, clipped=False))
        x = layers.conv(layers.add(x, layers.conv(lateral, filters, 1, clipped=False), clipped=False), filters, 3)
    x = layers.conv(x, 48, 3)
    heads = []
    # In the beginning peaks are rare, and boxes have the mean size.
    for channels, start in ((len(SHAPES), -4.0), (2, 6.0), (2, 0.0)):
        y = layers.conv(layers.conv(x, 48, 3, depthwise=True), 48, 1)
        heads.append(layers.conv(y, channels, 1, normalized=False, clipped=False, start=start))
    return heads


def residual(layers: Layers, x: Any, filters: int, stride: int) -> Any:
    y = layers.conv(layers.conv(x, filters, 3, stride), filters, 3, clipped=False)
    shortcut = layers.conv(x, filters, 1, stride, clipped=False) if stride > 1 else x
    return layers.add(shortcut, y, clipped=True)


class TrainableCenterNet(nn.Module):
    """[N, 3, SIDE, SIDE] to three heads [N, channels, SIDE / STRIDE, SIDE / STRIDE]. Convolutions are made when they first
    meet an input, and found again in the same order."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        self.position = 0
        self(torch.zeros(2, 3, SIDE, SIDE))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        self.position = 0
        return centernet(self, image)

    def conv(self, x, filters, kernel, stride=1, depthwise=False, normalized=True, clipped=True, start=0.0):
        if self.position == len(self.convolutions):
            inputs = x.shape[1]
            layer = nn.Conv2d(inputs, filters, kernel, stride, groups=inputs if depthwise else 1, bias=not normalized)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if not normalized:
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.constant_(layer.bias, start)
            self.convolutions.append(nn.Sequential(layer, nn.BatchNorm2d(filters, EPSILON, momentum=0.03) if normalized else nn.Identity()))
        layer = self.convolutions[self.position]
        self.position += 1
        # SAME: of an odd number of columns the larger half is to the right.
        missing = max(kernel - stride, 0)
        before, after = missing // 2, missing - missing // 2
        y = layer(functional.pad(x, (before, after, before, after)))
        return functional.relu6(y) if clipped else y

    def add(self, x, y, clipped):
        return functional.relu6(x + y) if clipped else x + y

    def double(self, x):
        return functional.interpolate(x, scale_factor=2, mode="bilinear")

    def folded(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights [filters, inputs, kernel, kernel] and bias of each convolution, with its batch normalization in them."""
        found = []
        for layer, norm in self.convolutions:
            weight, bias = layer.weight, layer.bias
            if isinstance(norm, nn.BatchNorm2d):
                scale = norm.weight / torch.sqrt(norm.running_var + EPSILON)
                weight, bias = weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
            found.append((weight.detach().numpy(), bias.detach().numpy()))
        return found


class KerasLayers:
    """Layers with the weights of TrainableCenterNet.folded."""

    def __init__(self, weights: list[tuple[np.ndarray, np.ndarray]]) -> None:
        from tensorflow.keras import layers

        self.keras = layers
        self.weights = iter(weights)

    def conv(self, x, filters, kernel, stride=1, depthwise=False, normalized=True, clipped=True, start=0.0):
        weight, bias = next(self.weights)
        if depthwise:
            layer = self.keras.DepthwiseConv2D(kernel, stride, padding="same")
        else:
            layer = self.keras.Conv2D(filters, kernel, stride, padding="same")
        y = layer(x)
        layer.set_weights([weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0), bias])
        return self.keras.ReLU(6.0)(y) if clipped else y

    def add(self, x, y, clipped):
        return self.keras.ReLU(6.0)(x + y) if clipped else x + y

    def double(self, x):
        return self.keras.UpSampling2D(interpolation="bilinear")(x)


def keras_centernet(weights: list[tuple[np.ndarray, np.ndarray]]) -> Any:
    """The trained network for one image [1, SIDE, SIDE, 3], with scores in place of logits."""
    import tensorflow as tf

    image = tf.keras.layers.Input((SIDE, SIDE, 3), 1)
    logits, size, offset = centernet(KerasLayers(weights), image)
    return tf.keras.Model(image, [tf.keras.layers.Activation("sigmoid")(logits), size, offset])
