"""Logits of GPTQ checkpoints as GPTQModel itself loads and runs them, on the CPU.

usage: gptqmodel_reference.py IDS CHECKPOINT...      IDS separated by commas

Each CHECKPOINT gets a file logits.f32: float32 [tokens, vocabulary]. GPTQModel loads for float16 only; the activations are
made float32 afterwards, and its kernel dequantizes to them.
"""

import sys
from pathlib import Path

import torch
from gptqmodel import BACKEND, GPTQModel
from gptqmodel.nn_modules.qlinear import BaseQuantLinear

for folder in sys.argv[2:]:
    loaded = GPTQModel.load(folder, device="cpu", backend=BACKEND.TORCH, dtype=torch.float16)
    model = loaded.model.float().eval()
    assert any(isinstance(module, BaseQuantLinear) for module in model.modules()), "nothing is quantized"
    with torch.no_grad():
        logits = model(torch.tensor([[int(i) for i in sys.argv[1].split(",")]])).logits[0]
    logits.float().numpy().astype("<f4").tofile(Path(folder) / "logits.f32")
