#!/usr/bin/env python3
"""Makes the .tflite files that peer-litert.mjs times: two detectors of known architecture with random weights, each converted
by TensorFlow's LiteRT converter in four precisions.

usage: litert_models.py FOLDER [NAME...]      NAME: centernet_resnet_v2_512 or mobilenet_v2_320; default both

Writes FOLDER/NAME.{f32,f16,dyn8,int8}.tflite, those that are there excepted. int8 is full integer with float input and
output. Needs tensorflow_cpu.

The time of a kernel does not depend on what the weights are, but quantization does: activations that grow from layer to layer
would make int8 files whose scales no real model has. So every batch normalization gets the statistics of its own input on
a few images, as after training.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

PRECISIONS = ("f32", "f16", "dyn8", "int8")
CLASSES = 90
CALIBRATION_IMAGES = 8


def conv(x: tf.Tensor, filters: int, kernel: int, stride: int = 1, bias: bool = True, padding: str = "same") -> tf.Tensor:
    return layers.Conv2D(filters, kernel, stride, padding=padding, use_bias=bias, kernel_initializer="he_normal")(x)


def normalized_relu(x: tf.Tensor, epsilon: float) -> tf.Tensor:
    return layers.ReLU()(layers.BatchNormalization(epsilon=epsilon)(x))


def bottleneck(x: tf.Tensor, filters: int, stride: int, projects: bool) -> tf.Tensor:
    """A block of ResNet v2: what is added is normalized before the convolutions, the sum is not."""
    before = normalized_relu(x, 1.001e-5)
    if projects:
        shortcut = conv(before, 4 * filters, 1, stride)
    else:
        shortcut = layers.MaxPooling2D(1, stride)(x) if stride > 1 else x
    y = normalized_relu(conv(before, filters, 1, bias=False), 1.001e-5)
    y = conv(layers.ZeroPadding2D(1)(y), filters, 3, stride, bias=False, padding="valid")
    return shortcut + conv(normalized_relu(y, 1.001e-5), 4 * filters, 1)


def centernet_resnet_v2_512() -> tf.keras.Model:
    """CenterNet ResNet50 V2 512x512 of TensorFlow's detection zoo: 28.1 billion multiply-adds. Keras' ResNet50V2 as far as
    conv5_block3_out, three upsampling stages, and a head each for centres, sizes and offsets.

    Source: models/research/object_detection, models/center_net_resnet_feature_extractor.py and
    meta_architectures/center_net_meta_arch.py (make_prediction_net)."""
    image = layers.Input((512, 512, 3), 1)
    x = conv(layers.ZeroPadding2D(3)(image), 64, 7, 2, padding="valid")
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for filters, blocks, last_stride in ((64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1)):
        for block in range(blocks):
            x = bottleneck(x, filters, last_stride if block == blocks - 1 else 1, projects=block == 0)
    for filters in (256, 128, 64):
        x = normalized_relu(conv(x, filters, 3), 1e-3)
        x = layers.Conv2DTranspose(filters, 3, 2, padding="same", kernel_initializer="he_normal")(x)
        x = normalized_relu(x, 1e-3)
    heads = [conv(layers.ReLU()(conv(x, 256, 3)), channels, 1) for channels in (CLASSES, 2, 2)]
    return tf.keras.Model(image, [layers.Activation("sigmoid")(heads[0]), *heads[1:]])


def mobilenet_v2_320() -> tf.keras.Model:
    """The feature extractor of SSD MobileNetV2 320x320: 0.6 billion multiply-adds, with the last feature map as its output."""
    image = layers.Input((320, 320, 3), 1)
    return tf.keras.applications.MobileNetV2(input_tensor=image, include_top=False, weights=None)


MODELS = {"centernet_resnet_v2_512": centernet_resnet_v2_512, "mobilenet_v2_320": mobilenet_v2_320}


def images(side: int, count: int) -> np.ndarray:
    """[count, side, side, 3] from -1 to 1: noise at several scales, as photographs have."""
    random = np.random.default_rng(1)
    total = np.zeros((count, side, side, 3), np.float32)
    for cells in (2, 8, 32, side):
        coarse = random.normal(size=(count, cells, cells, 3)).astype(np.float32)
        total += tf.image.resize(coarse, (side, side), "bilinear").numpy()
    return np.clip(total / 3, -1, 1)


def settle(model: tf.keras.Model, batch: np.ndarray) -> None:
    """Gives batch normalizations the statistics of their inputs, and scales and shifts as diverse as trained ones."""
    random = np.random.default_rng(2)
    normalizations = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in normalizations:
        layer.momentum = 0.0
        channels = layer.gamma.shape[0]
        layer.gamma.assign(random.uniform(0.5, 1.5, channels).astype(np.float32))
        layer.beta.assign(random.normal(0, 0.3, channels).astype(np.float32))
    model(batch, training=True)


def convert(model: tf.keras.Model, precision: str, calibration: np.ndarray) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision != "f32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "f16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return converter.convert()


def make(folder: Path, name: str) -> None:
    files = {precision: folder / f"{name}.{precision}.tflite" for precision in PRECISIONS}
    missing = [precision for precision, file in files.items() if not file.exists()]
    if not missing:
        return
    tf.keras.utils.set_random_seed(0)
    # Several images at once only in settle: the files take one.
    template = MODELS[name]()
    side = template.input_shape[1]
    calibration = images(side, CALIBRATION_IMAGES)
    settle(template, calibration[:4])
    for precision in missing:
        content = convert(template, precision, calibration)
        partial = files[precision].with_suffix(".partial")
        partial.write_bytes(content)
        partial.rename(files[precision])
        print(f"{files[precision]}: {len(content) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *MODELS], default=list(MODELS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or MODELS:
        make(options.folder, name)
