#!/usr/bin/env python3
"""Perplexity with PyTorch and transformers: the reference of `qnative eval perplexity`.

Sliding windows as in Hugging Face's "Perplexity of fixed-length models", with every loss counted where it belongs: the
guide weighs the mean of an overlapping window's tokens by one token too few.

usage: reference_perplexity.py MODEL TEXT --sequence-length N [--stride N] [--limit-tokens N] [--gguf FILE --tokenizer tokenizer.json]

MODEL is a Hugging Face directory; with --gguf, the directory that holds FILE, which transformers dequantizes.
--tokenizer is then the model's own tokenizer.json: the one that transformers rebuilds from a GGUF file is another on digits.
"""
import argparse
import json
import math

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("text")
parser.add_argument("--sequence-length", type=int, required=True)
parser.add_argument("--stride", type=int)
parser.add_argument("--limit-tokens", type=int)
parser.add_argument("--gguf")
parser.add_argument("--tokenizer")
args = parser.parse_args()

source = {"gguf_file": args.gguf} if args.gguf else {}
model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, **source).eval()
if args.tokenizer:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=args.tokenizer)
else:
    tokenizer = AutoTokenizer.from_pretrained(args.model)
with open(args.text, encoding="utf-8", newline="") as file:
    ids = tokenizer(file.read()).input_ids[: args.limit_tokens]
stride = args.stride or args.sequence_length

total, scored, previous = 0.0, 0, 0
for begin in range(0, len(ids), stride):
    end = min(begin + args.sequence_length, len(ids))
    window = torch.tensor([ids[begin:end]])
    with torch.no_grad():
        logp = torch.log_softmax(model(window).logits[0, :-1].double(), -1)
    losses = -logp.gather(1, window[0, 1:, None])[:, 0]
    fresh = losses[-(end - previous):] if end > previous else losses[:0]
    total += float(fresh.sum())
    scored += len(fresh)
    previous = end
    if end == len(ids):
        break

print(json.dumps({
    "tokenPerplexity": math.exp(total / scored),
    "loglik": -total,
    "scored": scored,
    "tokens": len(ids),
    "sequenceLength": args.sequence_length,
    "stride": stride,
    "torch": torch.__version__,
}))
