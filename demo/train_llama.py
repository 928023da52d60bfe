#!/usr/bin/env python3
"""Trains the demo's Llama from scratch on the stories of stories.py and writes it as a Hugging Face directory.

usage: train_llama.py [--seed N] [--steps N]    train, write llama/ and lambada.jsonl, then score
       train_llama.py --score                   score what is there: write lambada.reference.json, print accuracy by bits

Needs torch, transformers, tokenizers and safetensors. Every story has a seed of its own, and so has the model. Matrix products run in bfloat16 by autocast, which is fast on CPUs with AVX-512 BF16 or AMX and merely correct elsewhere.
"""
import argparse
import json
import time
from pathlib import Path
from random import Random

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from scoring import print_table, write_reference
from stories import PEOPLE, ROOMS, THINGS, Story, tell

HERE = Path(__file__).parent
END = "<|endoftext|>"  # id 0: ends every story, and pads batches
PASSAGES = 300
BATCH = 32  # stories a step: shorter ones than the passages, with six closings each
ANSWER_WEIGHT = 10.0  # of a last word in the loss, against 1 for the words that nobody can know
OWNERS = [person + "'s" for person in PEOPLE]
RATE = 3e-3
# A model of this size does not find out from stories alone that a name has to be looked up: its last words stay a guess among
# the four things. It learns to copy from lists within 400 steps, and then knows at once what to do in a story.
COPYING_STEPS = 400


def held_out_passages() -> list[Story]:
    """LAMBADA-style passages of 40 to 80 words, in which the thing asked for has changed hands."""
    found, number = [], 0
    while len(found) < PASSAGES:
        story = tell(Random(f"passage {number}"))
        number += 1
        if 40 <= len(story.passage().split(" ")) <= 80 and story.swapped > 0:
            found.append(story)
    assert len({story.passage() for story in found}) == PASSAGES
    return found


def train_tokenizer(seed: int) -> Tokenizer:
    """Byte-level BPE over words as spaces and punctuation part them ("Anna's" is one): any text can be written, and every word
    of the stories is one token. No token is added before a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r" ?[^\s.,]+|[.,]|\s+"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=1024, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator((tell(Random(f"tokenizer {seed} {i}"), closings=4).text() for i in range(4000)), trainer)
    assert all(len(tokenizer.encode(" " + word).ids) == 1 for word in [*OWNERS, *PEOPLE, *THINGS, *ROOMS])
    return tokenizer


def new_model(vocab_size: int) -> LlamaForCausalLM:
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=-(-vocab_size // 64) * 64, hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=256, tie_word_embeddings=True, rms_norm_eps=1e-5,
        initializer_range=0.05,
        bos_token_id=0, eos_token_id=0, attn_implementation="eager"))


def learning_rate(step: int) -> float:
    """Warm-up, RATE while copying is learnt, and half of it for the stories."""
    return RATE * min(1.0, (step + 1) / 50, 1.0 if step < COPYING_STEPS else 0.5)


def copying_batch(random: torch.Generator, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of the stories' words, followed by pieces of themselves: ids and weights [64, 64]. They teach to find an earlier
    occurrence of a word and to continue as it continued there."""
    rows, length = 64, 64
    count = int(torch.randint(8, 25, (1,), generator=random))
    lists = torch.stack([words[torch.randperm(len(words), generator=random)[:count]] for _ in range(rows)])
    pieces, known = [lists], [0] * count
    while len(known) < length:
        piece = int(torch.randint(2, 8, (1,), generator=random))
        starts = torch.randint(0, count - 1, (rows, 1), generator=random)
        pieces.append(lists.gather(1, (starts + torch.arange(piece)) % count))
        known += [0] + [1] * (piece - 1)  # where a piece begins cannot be known
    return torch.cat(pieces, 1)[:, :length], torch.tensor(known[:length], dtype=torch.float).expand(rows, length)


def batch(tokenizer: Tokenizer, stories: list[Story]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids [stories, length] and the weight of each in the loss: the last word of each closing, which the story
    settles, counts for more than words that nobody can know."""
    encoded = [e.ids for e in tokenizer.encode_batch([story.text() for story in stories])]
    length = -(-(max(map(len, encoded)) + 1) // 16) * 16 + 1  # few distinct shapes, so that few kernels are prepared
    stop = tokenizer.token_to_id(".")
    ids = torch.zeros(len(encoded), length, dtype=torch.long)
    weights = torch.zeros(ids.shape)
    for row, (tokens, story) in enumerate(zip(encoded, stories)):
        ids[row, :len(tokens)] = torch.tensor(tokens)
        weights[row, :len(tokens) + 1] = 1
        stops = [i for i, token in enumerate(tokens) if token == stop]
        weights[row, [i - 1 for i in stops[-len(story.closings):]]] = ANSWER_WEIGHT
    return ids, weights


@torch.no_grad()
def accuracy(model: LlamaForCausalLM, tokenizer: Tokenizer, stories: list[Story]) -> float:
    """Share of right last words. Used to watch training: scoring.py is the real procedure."""
    hits = []
    for story in stories:
        ids = torch.tensor([tokenizer.encode(story.passage()).ids])
        hits.append(bool(model(ids[:, :-1]).logits[0, -1].argmax() == ids[0, -1]))
    return sum(hits) / len(hits)


def learn(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> tuple[float, float]:
    """Adds the gradients of the weighted cross-entropy; returns it, and the share of the words of greatest weight that were right."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids[:, :-1], use_cache=False).logits.float()
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    weights = weights[:, 1:].flatten()
    loss = (losses * weights).sum() / weights.sum()
    loss.backward()
    known = weights == weights.max()
    return loss.item(), (logits.flatten(0, 1).argmax(-1) == ids[:, 1:].flatten())[known].float().mean().item()


def train(seed: int, steps: int) -> None:
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    start = time.time()
    passages = held_out_passages()
    forbidden = {story.passage() for story in passages}
    tokenizer = train_tokenizer(seed)
    model = new_model(tokenizer.get_vocab_size())
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {tokenizer.get_vocab_size()} tokens", flush=True)

    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95))
    copying = torch.Generator().manual_seed(seed)
    words = torch.tensor(sorted({i for n in range(300) for i in tokenizer.encode(tell(Random(f"words {n}")).text()).ids}))
    watched = [tell(Random(f"watch {seed} {i}")) for i in range(100)]
    right = copied = 0.0
    for step in range(steps):
        if step < COPYING_STEPS or step % 4 == 3:
            loss, copied = learn(model, *copying_batch(copying, words))
        else:
            random = Random(f"train {seed} {step}")
            stories = [tell(random, moves=(0, 1), swaps=(0, 1), closings=6) for _ in range(BATCH)]
            assert not any(story.passage() in forbidden for story in stories)
            loss, right = learn(model, *batch(tokenizer, stories))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 50 == 0:
            last = f", watched {accuracy(model, tokenizer, watched):.2f}" if (step + 1) % 200 == 0 else ""
            print(f"step {step + 1}: loss {loss:.3f}, last words right {right:.3f}, copied {copied:.3f}, {time.time() - start:.0f} s{last}", flush=True)

    out = HERE / "llama"
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save(str(out / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END, "add_bos_token": False,
                "add_eos_token": False, "clean_up_tokenization_spaces": False, "model_max_length": 256}
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    (HERE / "lambada.jsonl").write_text("".join(json.dumps({"text": story.passage()}) + "\n" for story in passages))
    print(f"{(time.time() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--score", action="store_true")
    options = parser.parse_args()
    if not options.score:
        train(options.seed, options.steps)
    write_reference(HERE / "llama", HERE / "lambada.jsonl", HERE / "lambada.reference.json")
    print_table(HERE / "llama", HERE / "lambada.jsonl")
