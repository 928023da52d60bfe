#!/usr/bin/env python3
"""LiteRT's side of peer-litert.mjs: a server that times a model's runs.

usage: peer-litert.py [FILE.tflite THREADS]     serves; or prints how long a file takes

Reads one JSON object a line from standard input and answers with one:
  {"load": FILE, "threads": N}   loads a model in place of the last one: {"usesXnnpack": whether}
  {"input": BASE64}              sets its only input, little-endian, and runs it: {"outputs": [BASE64]}, in the file's order
  {"seconds": S}                 runs it once untimed, then for S seconds, at least once: {"milliseconds": [...]}
Needs ai-edge-litert, whose interpreter takes XNNPACK for whatever XNNPACK can do.
"""
import base64
import json
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Model:
    def __init__(self, file: str, threads: int) -> None:
        self.interpreter = Interpreter(model_path=file, num_threads=threads)
        self.interpreter.allocate_tensors()
        self.inputs = self.interpreter.get_input_details()

    def uses_xnnpack(self) -> bool:
        """What XNNPACK takes has become one operator."""
        return any(operator["op_name"] == "DELEGATE" for operator in self.interpreter._get_ops_details())

    def run_on(self, values: bytes) -> list[bytes]:
        (details,) = self.inputs
        self.interpreter.set_tensor(details["index"], np.frombuffer(values, details["dtype"]).reshape(details["shape"]))
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(output["index"]).tobytes() for output in self.interpreter.get_output_details()]

    def milliseconds(self, seconds: float) -> list[float]:
        self.interpreter.invoke()
        times, began = [], time.perf_counter()
        while not times or time.perf_counter() - began < seconds:
            start = time.perf_counter()
            self.interpreter.invoke()
            times.append(1000 * (time.perf_counter() - start))
        return times


def serve() -> None:
    model = None
    for line in sys.stdin:
        match json.loads(line):
            case {"load": file, "threads": threads}:
                model = None  # two at once would need twice the memory
                model = Model(file, threads)
                answer = {"usesXnnpack": model.uses_xnnpack()}
            case {"input": values}:
                answer = {"outputs": [base64.b64encode(output).decode() for output in model.run_on(base64.b64decode(values))]}
            case {"seconds": seconds}:
                answer = {"milliseconds": model.milliseconds(seconds)}
            case unknown:
                raise SystemExit(f"peer-litert.py: no such request: {unknown}")
        print(json.dumps(answer), flush=True)


def check(file: str, threads: int) -> None:
    model = Model(file, threads)
    random = np.random.default_rng(1)
    for details in model.inputs:
        model.interpreter.set_tensor(details["index"], random.uniform(-1, 1, details["shape"]).astype(details["dtype"]))
    times = model.milliseconds(2.0)
    print(f"{file}: {min(times):.2f} ms best, {np.median(times):.2f} ms median of {len(times)}, {threads} threads")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        check(sys.argv[1], int(sys.argv[2]))
    elif len(sys.argv) == 1:
        serve()
    else:
        raise SystemExit(__doc__)
