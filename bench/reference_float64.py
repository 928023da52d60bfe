"""../shared/tools/reference_gptq.py in float64, where the order of the calibration's lines and the CPU decide next to no
rounding. How the cosines of the positions are rounded still does.

usage: reference_float64.py [--cosines torch|rounded|exact] REFERENCE ARGUMENTS...

REFERENCE is the path of reference_gptq.py, ARGUMENTS are its own. Calibrates and quantizes in float64 and scores in float32,
as the reference does. Norms, which transformers has in float32 whatever the model's type, are float64 too. The cosines and
sines of the positions, by --cosines:

  torch    float32, as PyTorch computes them: some are off by a unit in the last place (default)
  rounded  float32, each the nearest to the cosine or sine of the float32 angle, as qnative has them
  exact    float64, of angles in float64

Takes four to ten minutes for SmolLM2-135M on two cores.
"""

import argparse
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


def rounded_rotary(rotary, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    angles = position_ids[..., None].float() * rotary.inv_freq.float()
    return turned(rotary, x, angles.double(), torch.float32)


def exact_rotary(rotary, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    half = rotary.inv_freq.numel()
    frequencies = theta_of(rotary.config) ** (-torch.arange(half, dtype=torch.float64) / half)
    return turned(rotary, x, position_ids[..., None] * frequencies, torch.float64)


def turned(rotary, x: torch.Tensor, angles: torch.Tensor, rounding: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    both = torch.cat((angles, angles), dim=-1)
    return tuple((f(both) * rotary.attention_scaling).to(rounding).to(x.dtype) for f in (torch.cos, torch.sin))


def theta_of(config) -> float:
    parameters = getattr(config, "rope_parameters", None) or {"rope_theta": config.rope_theta}
    if parameters.get("rope_type", "default") != "default":
        sys.exit(f"expected positions without scaling for --cosines exact, found {parameters}")
    return parameters["rope_theta"]


parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
parser.add_argument("--cosines", choices=["torch", "rounded", "exact"], default="torch")
parser.add_argument("reference", type=Path)
parser.add_argument("arguments", nargs=argparse.REMAINDER)
options = parser.parse_args()
source = options.reference.read_text(encoding="utf-8")
for float32, float64 in FLOAT64:
    if float32 not in source:
        sys.exit(f"{options.reference}: expected {float32!r}, found another version of the reference")
    source = source.replace(float32, float64)
modeling_llama.LlamaRMSNorm.forward = normed
if options.cosines != "torch":
    rotary = rounded_rotary if options.cosines == "rounded" else exact_rotary
    modeling_llama.LlamaRotaryEmbedding.forward = torch.no_grad()(rotary)
sys.argv = [str(options.reference), *options.arguments]
exec(compile(source, options.reference, "exec"), {"__name__": "__main__"})
