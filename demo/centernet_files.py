"""What train_centernet.py writes: images with COCO annotations, .tflite files, and the AP that LiteRT gets with them."""
import contextlib
import io
import json
from pathlib import Path

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from scenes import SHAPES, draw

PRECISIONS = ("f32", "f16", "dyn8", "int8")
# Names of the heads in TensorFlow's Object Detection API, in the order of the model's outputs.
HEADS = ("object_center", "box/scale", "box/offset")
VALIDATION_IMAGES = 48
CALIBRATION_IMAGES = 8
DETECTIONS = 100
STATS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def write_images(folder: Path) -> dict[str, list[np.ndarray]]:
    """Writes images/ with annotations.json, and calibration/. Returns the pictures as decoded from what was written."""
    pictures: dict[str, list[np.ndarray]] = {}
    truth = {"images": [], "annotations": [], "categories": [{"id": i + 1, "name": name} for i, name in enumerate(SHAPES)]}
    for use, directory, count in (("validation", "images", VALIDATION_IMAGES), ("calibration", "calibration", CALIBRATION_IMAGES)):
        (folder / directory).mkdir(parents=True, exist_ok=True)
        pictures[use] = []
        for i in range(count):
            scene = draw(f"{use} {i}")
            jpeg = tf.io.encode_jpeg(scene.picture, quality=88).numpy()
            name = f"{i + 1:03}.jpg"
            (folder / directory / name).write_bytes(jpeg)
            pictures[use].append(tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE").numpy())
            if use == "validation":
                height, width = scene.picture.shape[:2]
                truth["images"].append({"id": i + 1, "file_name": name, "width": width, "height": height})
                for thing in scene.things:
                    truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": i + 1, "category_id": thing.shape + 1,
                                                 "bbox": thing.box, "area": thing.area, "iscrowd": 0})
    (folder / "annotations.json").write_text(json.dumps(truth) + "\n")
    return pictures


def convert(model: tf.keras.Model, precision: str, calibration: list[np.ndarray]) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision != "f32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "f16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return name_outputs(converter.convert())


def name_outputs(content: bytes) -> bytes:
    """Gives the outputs the names and the order of HEADS: the converter calls them "StatefulPartitionedCall_1:N", in an
    order of its own."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    graph = model.subgraphs[0]
    graph.outputs = sorted(graph.outputs, key=lambda index: graph.tensors[index].name)
    for index, name in zip(graph.outputs, HEADS, strict=True):
        assert graph.tensors[index].name.endswith(b":%d" % HEADS.index(name)), graph.tensors[index].name
        graph.tensors[index].name = name
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def score(content: bytes, inputs: list[np.ndarray], annotations: Path, stride: int) -> dict[str, float]:
    """COCO's twelve numbers of a .tflite file, run by LiteRT and scored by pycocotools."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    interpreter = tf.lite.Interpreter(model_content=content, num_threads=2)
    interpreter.allocate_tensors()
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        found = []
        for image, pixels in zip(truth.dataset["images"], inputs, strict=True):
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None].astype(np.float32))
            interpreter.invoke()
            heads = (interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details())
            found += detections(*heads, image, pixels.shape[0], stride)
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(STATS, evaluation.stats.tolist(), strict=True))


def detections(scores: np.ndarray, size: np.ndarray, offset: np.ndarray, image: dict, side: int, stride: int) -> list[dict]:
    """The decoder of TensorFlow's Object Detection API: the best of the cells that none of the eight around exceeds."""
    height, width, classes = scores.shape
    padded = np.pad(scores, ((1, 1), (1, 1), (0, 0)))
    around = np.max([padded[y:y + height, x:x + width] for y in range(3) for x in range(3)], 0)
    peaks = np.where(np.abs(scores - around) < 1e-6, scores, 0).ravel()
    best = np.argsort(-peaks, kind="stable")[:DETECTIONS]
    y, x, shape = np.unravel_index(best, scores.shape)
    half = np.maximum(size[y, x], 0) / 2
    centre = np.stack([y, x], 1) + offset[y, x]
    scale = side / max(image["height"], image["width"])
    scales = np.array([round(image[side_name] * scale) / image[side_name] for side_name in ("height", "width")])
    limits = [image["height"], image["width"]]
    low = np.clip((centre - half) * stride / scales, 0, limits)
    high = np.clip((centre + half) * stride / scales, 0, limits)
    return [{"image_id": image["id"], "category_id": int(shape[i]) + 1, "score": float(peaks[best[i]]),
             "bbox": [float(v) for v in (low[i, 1], low[i, 0], high[i, 1] - low[i, 1], high[i, 0] - low[i, 0])]}
            for i in range(len(best)) if peaks[best[i]] > 0]
