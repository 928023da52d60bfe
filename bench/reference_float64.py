"""../shared/tools/reference_gptq.py in float64, where the order of the calibration's lines and the CPU decide next to no rounding.

usage: reference_float64.py REFERENCE ARGUMENTS...      REFERENCE: the path of reference_gptq.py; ARGUMENTS: its own

Calibrates and quantizes in float64 and scores in float32, as the reference does. Norms, which transformers has in float32
whatever the model's type, are float64 too; the cosines and sines of the positions stay as they are. Quantizing SmolLM2-135M
takes ten minutes and more on two cores.
"""

import sys
from pathlib import Path

import torch
from transformers.models.llama import modeling_llama

FLOAT64 = [
    ("dtype=torch.float32).eval()", "dtype=torch.float32, attn_implementation='sdpa').eval().double()"),
    ("torch.tensor(-1.)", "torch.tensor(-1., dtype=lo.dtype)"),
    ("torch.tensor(1.)", "torch.tensor(1., dtype=lo.dtype)"),
    ("scale.half().float()", "scale.half().double()"),
    ("torch.eye(n)", "torch.eye(n, dtype=H.dtype)"),
    ("upper=True).float()", "upper=True)"),
    ("weight.shape[1]] * 2)", "weight.shape[1]] * 2, dtype=torch.float64)"),
    ("took = time.time() - start", "took = time.time() - start; model.float()"),
]


def normed(norm: modeling_llama.LlamaRMSNorm, x: torch.Tensor) -> torch.Tensor:
    return norm.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon))


if len(sys.argv) < 2:
    sys.exit(__doc__)
path = Path(sys.argv[1])
source = path.read_text(encoding="utf-8")
for float32, float64 in FLOAT64:
    if float32 not in source:
        sys.exit(f"{path}: expected {float32!r}, found another version of the reference")
    source = source.replace(float32, float64)
modeling_llama.LlamaRMSNorm.forward = normed
sys.argv = sys.argv[1:]
exec(compile(source, path, "exec"), {"__name__": "__main__"})
