"""What pycocotools makes of cases: a JSON list of {annotations, detections} on stdin, a JSON list of results on stdout.

A result has the twelve numbers, whose JSON form is exact, and the SHA-256 of the bytes of the float64 arrays precision,
recall and scores, in C order. Made with pycocotools 2.0.11 and numpy 2.4.6.
"""
import contextlib
import copy
import hashlib
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def from_dataset(dataset):
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def evaluate(case):
    truth = from_dataset(case["annotations"])
    if case["detections"]:
        found = truth.loadRes(case["detections"])
    else:  # loadRes refuses an empty list: what it would have made of it
        found = from_dataset({**copy.deepcopy(case["annotations"]), "annotations": []})
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    digest = hashlib.sha256()
    for name in ("precision", "recall", "scores"):
        digest.update(evaluation.eval[name].tobytes())
    return {"stats": evaluation.stats.tolist(), "sha256": digest.hexdigest()}


with contextlib.redirect_stdout(sys.stderr):
    results = [evaluate(case) for case in json.load(sys.stdin)]
json.dump(results, sys.stdout)
