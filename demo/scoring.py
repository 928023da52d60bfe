"""Scores a Llama on LAMBADA-style passages as lm-evaluation-harness's task lambada_openai does, in float32 and after rounding its weights.

Rounding is round-to-nearest on asymmetric groups of 64 input weights: the grid of a group is the range of its weights, widened to contain 0, cut into
2^bits - 1 steps; its scale is stored as float16. The linear layers of the blocks get the bits named; the embedding, which is also the output head, int8.
"""
import json
import math
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

GROUP = 64


def load(directory: Path) -> tuple[LlamaForCausalLM, Tokenizer]:
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    return model, Tokenizer.from_file(str(directory / "tokenizer.json"))


@torch.no_grad()
def score(model: LlamaForCausalLM, tokenizer: Tokenizer, passages: list[str]) -> list[dict]:
    """One row a passage: number of context tokens, target token ids, log-likelihood of the target in nats, whether each target token is the most
    likely one given those before it, and the rank of the first target token (1: the most likely)."""
    rows = []
    for text in passages:
        context = text[:text.rindex(" ")]
        whole, ctx = tokenizer.encode(text).ids, len(tokenizer.encode(context).ids)
        target = torch.tensor(whole[ctx:])
        logits = model(torch.tensor([whole[:-1]]), use_cache=False).logits[0, -len(target):]
        logp = torch.log_softmax(logits, -1)
        own = logp[torch.arange(len(target)), target]
        rows.append({"ctx": ctx, "target": target.tolist(), "loglik": float(own.double().sum()),
                     "greedy": bool((logp.argmax(-1) == target).all()), "rank_first": int((logp[0] > own[0]).sum()) + 1})
    return rows


def totals(rows: list[dict]) -> dict:
    n = len(rows)
    return {"n": n, "acc": sum(r["greedy"] for r in rows) / n, "ppl": math.exp(-sum(r["loglik"] for r in rows) / n),
            "top1_first": sum(r["rank_first"] == 1 for r in rows) / n, "top5_first": sum(r["rank_first"] <= 5 for r in rows) / n,
            "tokens": sum(r["ctx"] + len(r["target"]) for r in rows), "dtype": "float32", "torch": torch.__version__}


def rounded(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """weight [out, in] -> the nearest weights [out, in] that the grid of each group of a row can express."""
    groups = weight.reshape(-1, GROUP)
    low, high = groups.amin(1, keepdim=True).clamp(max=0), groups.amax(1, keepdim=True).clamp(min=0)
    top = 2**bits - 1
    exact = ((high - low) / top).clamp(min=1e-12)
    zero = torch.round(-low / exact)
    scale = exact.half().float()
    scale = torch.where(scale == 0, exact, scale)
    return (scale * (torch.clamp(torch.round(groups / scale) + zero, 0, top) - zero)).reshape(weight.shape)


@torch.no_grad()
def round_weights(model: LlamaForCausalLM, bits: int, head_bits: int | None = 8) -> None:
    """Rounds the linear layers of the blocks to `bits` and, unless head_bits is None, the tied embedding to head_bits, in place."""
    for module in model.model.layers.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.copy_(rounded(module.weight, bits))
    if head_bits is not None:
        model.lm_head.weight.copy_(rounded(model.lm_head.weight, head_bits))


def read_passages(data: Path) -> list[str]:
    return [json.loads(line)["text"] for line in data.read_text().splitlines()]


def write_reference(directory: Path, data: Path, out: Path) -> None:
    rows = score(*load(directory), read_passages(data))
    out.write_text(json.dumps({**totals(rows), "rows": rows}) + "\n")


def print_table(directory: Path, data: Path) -> None:
    passages = read_passages(data)
    print("| weights | right | accuracy | perplexity |\n|---|---|---|---|")
    for name, bits in [("float", None), ("int8", 8), ("int4", 4), ("int2", 2)]:
        model, tokenizer = load(directory)
        if bits is not None:
            round_weights(model, bits)
        rows = score(model, tokenizer, passages)
        total = totals(rows)
        print(f"| {name} | {sum(r['greedy'] for r in rows)} of {len(rows)} | {total['acc']:.3f} | {total['ppl']:.3f} |", flush=True)
