"""Logits of GPTQ checkpoints: dequantized here from the format's definition, run by transformers in float32.

usage: gptq_reference.py IDS CHECKPOINT...      IDS separated by commas

Each CHECKPOINT gets a file logits.f32: float32 [tokens, vocabulary].

Nothing here is shared with qnative. As GPTQModel (utils/model.py, convert_gptq_v1_to_v2_format_module) the zero points of
"gptq" (v1) become true ones by adding a constant to each 32-bit word.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

ONES = {8: 0x01010101, 4: 0x11111111, 2: 0x55555555}


def unpack(words: np.ndarray, bits: int) -> np.ndarray:
    """uint32 [..., n] -> codes [..., n * 32 / bits], lowest bits first."""
    shifts = np.arange(0, 32, bits, dtype=np.uint32)
    codes = (words[..., None] >> shifts) & np.uint32(2**bits - 1)
    return codes.reshape(*words.shape[:-1], -1).astype(np.int64)


def dequantize(tensors: dict[str, torch.Tensor], module: str, version: str) -> torch.Tensor:
    qweight = tensors[f"{module}.qweight"].numpy().view(np.uint32)
    qzeros = tensors[f"{module}.qzeros"].numpy().view(np.uint32)
    scales = tensors[f"{module}.scales"].float().numpy()
    g_idx = tensors[f"{module}.g_idx"].numpy()
    bits = 32 * qweight.shape[0] // len(g_idx)
    if version == "gptq":
        qzeros = qzeros + np.uint32(ONES[bits])
    codes = unpack(qweight.T, bits)  # [out, in]
    zeros = unpack(qzeros, bits)  # [groups, out]
    return torch.from_numpy(scales[g_idx].T * (codes - zeros[g_idx].T))


def load_dequantized(folder: Path) -> LlamaForCausalLM:
    config = json.loads((folder / "config.json").read_text())
    version = config.pop("quantization_config")["checkpoint_format"]
    tensors = load_file(folder / "model.safetensors")
    state = {name: tensor.float() for name, tensor in tensors.items() if name.endswith(".weight")}
    for name in tensors:
        if name.endswith(".qweight"):
            module = name.removesuffix(".qweight")
            state[f"{module}.weight"] = dequantize(tensors, module, version).float()
    model = LlamaForCausalLM(LlamaConfig(**config)).float().eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert set(missing) <= ({"lm_head.weight"} if config["tie_word_embeddings"] else set()), missing
    return model


def write_logits(folder: Path, ids: list[int]) -> None:
    with torch.no_grad():
        logits = load_dequantized(folder)(torch.tensor([ids])).logits[0]
    logits.numpy().astype("<f4").tofile(folder / "logits.f32")


if __name__ == "__main__":
    for checkpoint in sys.argv[2:]:
        write_logits(Path(checkpoint), [int(i) for i in sys.argv[1].split(",")])
