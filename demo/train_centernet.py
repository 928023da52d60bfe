#!/usr/bin/env python3
"""Trains the demo's detector from scratch on the scenes of scenes.py and writes it as centernet/model.tflite.

usage: train_centernet.py [--seed N] [--steps N]    draw the images, train, write centernet/, then score

Needs torch; tensorflow_cpu, to write .tflite files; and pycocotools, to score. Every scene has a seed of its own, and so have
the weights and the batches. Convolutions run in bfloat16 by autocast, which is fast on CPUs with AVX-512 BF16 or AMX and merely
correct elsewhere.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from centernet_network import SIDE, STRIDE, TrainableCenterNet, keras_centernet
from scenes import SHAPES, draw

HERE = Path(__file__).parent
FOLDER = HERE / "centernet"
CELLS = SIDE // STRIDE
SCENES = 1000  # drawn to train on; turned, mirrored and recoloured they are 96 times as many
BATCH = 24
RATE = 4e-3
# A peak's bell reaches over this part of the box, three standard deviations to each side.
PEAK = 0.54
BOX_WEIGHT = 0.7


def resized(picture: np.ndarray) -> np.ndarray:
    """TensorFlow's legacy bilinear resize, to a longest side of SIDE: at most four pixels count, whatever the scale."""
    scale = SIDE / max(picture.shape[:2])
    result = picture.astype(np.float32)
    for axis in (0, 1):
        length = picture.shape[axis]
        positions = np.arange(round(length * scale), dtype=np.float32) * np.float32(length / round(length * scale))
        low = positions.astype(int)
        part = (positions - low).reshape((-1, 1, 1) if axis == 0 else (-1, 1))
        first, second = result.take(low, axis), result.take(np.minimum(low + 1, length - 1), axis)
        result = first + (second - first) * part
    return result


def as_input(picture: np.ndarray) -> np.ndarray:
    """[SIDE, SIDE, 3] from -1 to 1, black to the right or below: how qnative's preset of CenterNet ResNet50 V2 has it."""
    height, width = picture.shape[:2]
    return np.pad(picture.astype(np.float32), ((0, SIDE - height), (0, SIDE - width), (0, 0))) / 127.5 - 1


class Scenes:
    """Training scenes of the input's size."""

    def __init__(self, seed: int, count: int) -> None:
        self.pictures: list[np.ndarray] = []
        self.boxes: list[np.ndarray] = []  # [n, 4]: y1, x1, y2, x2 in pixels of the input
        self.classes: list[np.ndarray] = []
        for i in range(count):
            scene = draw(f"train {seed} {i}")
            picture = resized(scene.picture)
            scales = [picture.shape[axis % 2] / scene.picture.shape[axis % 2] for axis in range(4)]
            boxes = np.array([(y, x, y + h, x + w) for x, y, w, h in (thing.box for thing in scene.things)], np.float32)
            self.pictures.append(np.rint(picture).astype(np.uint8))
            self.boxes.append(boxes.reshape(-1, 4) * np.array(scales, np.float32))
            self.classes.append(np.array([thing.shape for thing in scene.things], int))

    def batch(self, random: np.random.Generator) -> list[torch.Tensor]:
        examples = [self.example(random, i) for i in random.integers(len(self.pictures), size=BATCH)]
        return [torch.from_numpy(np.stack(arrays)) for arrays in zip(*examples)]

    def example(self, random: np.random.Generator, i: int) -> tuple[np.ndarray, ...]:
        """Turned, mirrored and recoloured: shapes stay what they are."""
        picture, boxes = self.pictures[i], self.boxes[i]
        height, width = picture.shape[:2]
        if random.integers(2):
            picture, boxes = picture[:, ::-1], np.stack([boxes[:, 0], width - boxes[:, 3], boxes[:, 2], width - boxes[:, 1]], 1)
        if random.integers(2):
            picture, boxes = picture[::-1], np.stack([height - boxes[:, 2], boxes[:, 1], height - boxes[:, 0], boxes[:, 3]], 1)
        if random.integers(2):
            picture, boxes = picture.swapaxes(0, 1), boxes[:, [1, 0, 3, 2]]
        picture = picture[..., random.permutation(3)]
        if random.integers(2):
            picture = 255 - picture
        return as_input(picture), *targets(boxes / STRIDE, self.classes[i])


def targets(boxes: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the heads should say. boxes [n, 4] in cells: y1, x1, y2, x2.

    Returns the heatmap [classes, CELLS, CELLS], a Gaussian about each centre with 1 in its cell; boxes [4, CELLS, CELLS]
    (y, x, height, width) of the thing with the highest Gaussian there; and how much each cell's box counts, 1 for a thing."""
    heatmap = np.zeros((len(SHAPES), CELLS, CELLS), np.float32)
    wanted = np.ones((4, CELLS, CELLS), np.float32)
    best = np.zeros((CELLS, CELLS), np.float32)
    owner = np.full((CELLS, CELLS), -1)
    grid = np.arange(CELLS, dtype=np.float32)
    for i, (y1, x1, y2, x2) in enumerate(boxes):
        y, x, height, width = (y1 + y2) / 2, (x1 + x2) / 2, y2 - y1, x2 - x1
        bells = [np.exp(-((grid - min(int(centre), CELLS - 1)) ** 2) / (2 * (max(PEAK * length, 2.0) / 6) ** 2))
                 for centre, length in ((y, height), (x, width))]
        peak = bells[0][:, None] * bells[1][None, :]
        heatmap[classes[i]] = np.maximum(heatmap[classes[i]], peak)
        mine = peak > np.maximum(best, 0.1)
        best[mine], owner[mine] = peak[mine], i
        wanted[:, mine] = np.array([y, x, height, width], np.float32)[:, None]
    weight = np.zeros((CELLS, CELLS), np.float32)
    for i in range(len(boxes)):
        mine = owner == i
        if mine.any():
            weight[mine] = best[mine] / best[mine].sum()
    return heatmap, wanted, weight


def loss(heads: list[torch.Tensor], heatmap: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """CenterNet's focal loss of the heatmap, and the error of each box relative to its sides: to the first order what it
    costs in intersection over union."""
    logits, size, offset = heads
    score = torch.sigmoid(logits)
    is_centre = heatmap == 1
    hits = (1 - score) ** 2 * functional.logsigmoid(logits)
    misses = (1 - heatmap) ** 4 * score**2 * functional.logsigmoid(-logits)
    peaks = -torch.where(is_centre, hits, misses).sum() / is_centre.sum().clamp(min=1)
    grid = torch.stack(torch.meshgrid(torch.arange(CELLS), torch.arange(CELLS), indexing="ij"))
    error = (torch.cat([grid + offset, size], 1) - wanted).abs() / wanted[:, 2:].repeat(1, 2, 1, 1)
    boxes = (weight * error.sum(1)).sum() / weight.sum().clamp(min=1)
    return peaks + BOX_WEIGHT * boxes


def learning_rate(step: int, steps: int) -> float:
    """Warm-up, then down to nothing along half a cosine."""
    return RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))


def train(seed: int, steps: int, start: float) -> TrainableCenterNet:
    scenes = Scenes(seed, SCENES)
    print(f"{SCENES} scenes, {time.time() - start:.0f} s", flush=True)
    model = TrainableCenterNet().to(memory_format=torch.channels_last)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    groups = [{"params": [p for p in model.parameters() if p.ndim == 4], "weight_decay": 1e-2},
              {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    random = np.random.default_rng(seed)
    values = []
    for step in range(steps):
        images, *wanted = scenes.batch(random)
        with torch.autocast("cpu", torch.bfloat16):
            heads = model(images.permute(0, 3, 1, 2))  # NHWC in memory, as channels_last has it
        value = loss([head.float() for head in heads], *wanted)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        optimizer.step()
        optimizer.zero_grad()
        values.append(value.item())
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}: loss {np.mean(values[-50:]):.3f}, {time.time() - start:.0f} s", flush=True)
    return model.eval()


def main(seed: int, steps: int) -> None:
    start = time.time()
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    weights = train(seed, steps, start).folded()

    # Only now: TensorFlow takes seconds to load.
    from centernet_files import PRECISIONS, convert, score, write_images

    images = {use: [as_input(resized(picture)) for picture in pictures] for use, pictures in write_images(FOLDER).items()}
    network = keras_centernet(weights)
    files = {precision: convert(network, precision, images["calibration"]) for precision in PRECISIONS}
    (FOLDER / "model.tflite").write_bytes(files["f32"])
    reference = {precision: score(file, images["validation"], FOLDER / "annotations.json", STRIDE) for precision, file in files.items()}
    (FOLDER / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    for precision, numbers in reference.items():
        print(f"{precision:5} {len(files[precision]) / 1e6:.2f} MB  AP {numbers['AP']:.4f}  AP50 {numbers['AP50']:.4f}")
    print(f"{(time.time() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    main(options.seed, options.steps)
