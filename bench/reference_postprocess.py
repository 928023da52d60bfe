#!/usr/bin/env python3
"""TFLite_Detection_PostProcess in LiteRT: makes test/detection/litert-cases.json.

usage: reference_postprocess.py OUT.json, then: npx biome format --write OUT.json

Needs ai-edge-litert, which brings flatbuffers and numpy. Each case is a model of this one operator, written here, with
random encodings, anchors and scores: few different scores, so that many are equal, and some anchors without area. What
the operator leaves unwritten (rows of the fast mode beyond num_detections) is cut off.
"""
import argparse
import json
from importlib.metadata import version

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from flatbuffers import flexbuffers

ANCHORS = 14
CLASSES = 4


def options_buffer(options):
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, value in sorted(options.items()):
            builder.Key(name)
            if isinstance(value, bool):
                builder.Bool(value)
            elif isinstance(value, int):
                builder.Int(value)
            else:
                builder.Float(value, 4)
    return list(bytes(builder.Finish()))


def model_of(options, columns, anchors):
    def tensor(name, shape, buffer=0):
        new = schema.TensorT()
        new.name, new.shape, new.type, new.buffer = name, shape, schema.TensorType.FLOAT32, buffer
        return new

    rows = options["max_detections"] * options["max_classes_per_detection"]
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("encodings", [1, ANCHORS, 4]),
        tensor("scores", [1, ANCHORS, columns]),
        tensor("anchors", [ANCHORS, 4], 1),
        tensor("boxes", [1, rows, 4]),
        tensor("classes", [1, rows]),
        tensor("detection_scores", [1, rows]),
        tensor("num_detections", [1]),
    ]
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, 2], [3, 4, 5, 6]
    operator.customOptions = options_buffer(options)
    graph.operators, graph.inputs, graph.outputs = [operator], [0, 1], [3, 4, 5, 6]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = "TFLite_Detection_PostProcess"
    constant = schema.BufferT()
    constant.data = list(anchors.tobytes())
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), constant]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(options, columns, encodings, scores, anchors):
    interpreter = Interpreter(model_content=model_of(options, columns, anchors))
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), (encodings, scores)):
        interpreter.set_tensor(detail["index"], value[None])
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"])[0] for detail in interpreter.get_output_details()]


def case_of(seed, regular, background):
    random = np.random.default_rng(seed)
    # Sixteenths: short in JSON, exact in float32.
    anchors = random.integers(2, 14, (ANCHORS, 4))
    anchors[::7, 2 + seed % 2] = 0
    encodings = random.integers(-64, 65, (ANCHORS, 4))
    scores = random.integers(0, 10, (ANCHORS, CLASSES + background))
    options = {
        "max_detections": (4, 10, 30)[seed % 3],
        "max_classes_per_detection": 1 if regular else (1, 3)[seed % 2],
        "detections_per_class": (2, 100)[seed % 2],
        "use_regular_nms": regular,
        "nms_score_threshold": (0.0, 0.25, 0.4375)[seed % 3],
        "nms_iou_threshold": (0.3, 0.6)[seed // 2 % 2],
        "num_classes": CLASSES,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    inputs = [(array / 16).astype(np.float32) for array in (encodings, scores, anchors)]
    boxes, classes, found, count = run(options, CLASSES + background, *inputs)
    width = options["max_classes_per_detection"]
    rows = int(count) * width
    return {
        "options": options,
        "sixteenths": {
            "encodings": encodings.ravel().tolist(),
            "scores": scores.ravel().tolist(),
            "anchors": anchors.ravel().tolist(),
            "detectionScores": (found[:rows] * 16).astype(int).tolist(),
        },
        "classes": classes[:rows].astype(int).tolist(),
        # One for all classes of a detection. Nine digits name a float32.
        "boxes": [float(f"{value:.9g}") for value in boxes[:rows:width].ravel()],
    }


parser = argparse.ArgumentParser()
parser.add_argument("out")
args = parser.parse_args()
cases = [case_of(seed, regular, seed % 4 != 3) for regular in (False, True) for seed in range(4)]
made = f"bench/reference_postprocess.py with ai-edge-litert {version('ai-edge-litert')}"
with open(args.out, "w", encoding="utf-8") as file:
    json.dump({"made": made, "cases": cases}, file)
