"""Writes resize_results.json: what Pillow, OpenCV and TensorFlow make of generated images.

    python3 test/images/resize_reference.py    # needs pillow, opencv-python-headless, tensorflow_cpu
"""

import base64
import hashlib
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import cv2
import numpy
import PIL
import tensorflow
from PIL import Image


def image(width, height):
    """The high bytes of a linear congruential sequence; resize.test.ts makes the same."""
    state, values = width * 65536 + height, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return numpy.frombuffer(bytes(values), numpy.uint8).reshape(height, width, 3)


RESIZE = {
    "tf-legacy": lambda x, size: tensorflow.compat.v1.image.resize(
        x, size[::-1], method="bilinear", align_corners=False
    )
    .numpy()
    .astype(numpy.float32),
    "tf2": lambda x, size: tensorflow.image.resize(x, size[::-1], method="bilinear").numpy().astype(numpy.float32),
    "cv2": lambda x, size: cv2.resize(x, size, interpolation=cv2.INTER_LINEAR),
    "pil": lambda x, size: numpy.array(Image.fromarray(x).resize(size, Image.Resampling.BILINEAR)),
}

# Stored whole: up, down, both, by a whole number, one pixel, one row, the same size.
SMALL = [
    ((7, 5), (11, 9)),
    ((13, 11), (5, 3)),
    ((9, 4), (5, 10)),
    ((10, 8), (5, 4)),
    ((1, 1), (3, 2)),
    ((6, 1), (4, 3)),
    ((1, 7), (2, 4)),
    ((5, 4), (5, 4)),
    ((41, 2), (3, 2)),
]
# Stored as SHA-256: what detectors meet.
LARGE = [((640, 480), (512, 512)), ((640, 427), (300, 300)), ((333, 500), (341, 512)), ((97, 61), (320, 320)), ((1000, 700), (300, 300))]


def encoded(values, whole):
    if whole:
        return {"values": base64.b64encode(values.tobytes()).decode()}
    return {"sha256": hashlib.sha256(values.tobytes()).hexdigest()}


def case(mode, source, size, values, whole):
    return {"mode": mode, "source": source, "size": size, **encoded(values, whole)}


def letterboxes():
    """cv2.resize by a factor, as letterboxes are made: the sides are rounded, the sampling is not."""
    for width, height, side in [(17, 12, 9), (23, 31, 40), (640, 427, 512), (333, 500, 512)]:
        scale = min(side / height, side / width)
        values = cv2.resize(image(width, height), None, fx=scale, fy=scale)
        yield {
            "source": (width, height),
            "side": side,
            "size": values.shape[1::-1],
            **encoded(values, side < 100),
        }


stored = {
    "versions": {"pillow": PIL.__version__, "opencv": cv2.__version__, "tensorflow": tensorflow.__version__},
    "resized": [
        case(mode, source, size, resize(image(*source), size), sizes is SMALL)
        for mode, resize in RESIZE.items()
        for sizes in (SMALL, LARGE)
        for source, size in sizes
    ],
    "letterboxes": list(letterboxes()),
}
path = pathlib.Path(__file__).with_name("resize_results.json")
lists = [f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in stored[name]) + "\n]" for name in ("resized", "letterboxes")]
path.write_text("{" + ",\n".join([f'"versions": {json.dumps(stored["versions"])}', *lists]) + "}\n")
