#!/usr/bin/env python3
"""GPTQModel's side of peer-gptqmodel.mjs.

usage: peer-gptqmodel.py convert FILE.gguf OUT           a float32 Hugging Face directory of a GGUF file
       peer-gptqmodel.py quantize MODEL OUT SETTINGS     prints one line of JSON: seconds, and the split of quantize()

SETTINGS is a JSON file: bits, groupSize, symmetric, damp, threads, batch, and sequences, a list of lists of token ids.

The split counts wall-clock time, each moment once: as Hessian while a thread of GPTQModel adds to one or merges them, else as
solve while one quantizes a layer, else as forward while a block runs; the rest is "other" (hooks, scheduling, packing).
"""
import contextlib
import json
import os
import sys
import time
from pathlib import Path


def convert(gguf: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # What was read counts as quantized by GGUF, which transformers refuses to save.
    fields = read.config.to_dict()
    fields.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig(**fields)).float()
    model.load_state_dict(read.state_dict())
    model.save_pretrained(out)


class Spans:
    """When a function ran, by kind, in whichever thread."""

    def __init__(self) -> None:
        self.by_kind: dict[str, list[tuple[float, float]]] = {"hessian": [], "solve": [], "forward": []}

    def watch(self, owner: type, name: str, kind: str) -> None:
        function = getattr(owner, name)

        def timed(*args, **kwargs):
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.by_kind[kind].append((began, time.perf_counter()))

        setattr(owner, name, timed)

    def split(self) -> dict[str, float]:
        """Seconds of each kind that no earlier kind covers."""
        seconds, seen, covered = {}, [], 0.0
        for kind, spans in self.by_kind.items():
            seen += spans
            both = union(seen)
            seconds[kind] = both - covered
            covered = both
        return seconds


def union(spans: list[tuple[float, float]]) -> float:
    total, end = 0.0, float("-inf")
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, end))
        end = max(end, b)
    return total


def quantize(source: str, out: str, settings: dict) -> dict:
    threads = settings["threads"]
    # GPTQModel sizes thread pools of its own by the CPUs it may use.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    # Its own default is 1 on two CPUs, which its pool for loading refuses.
    os.environ["GPTQMODEL_CPU_WORKERS"] = str(max(2, threads))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    torch.set_num_threads(threads)
    from gptqmodel import GPTQModel, QuantizeConfig, __version__
    from gptqmodel.extension import load as load_extension
    from gptqmodel.quantization.gptq import GPTQ
    from transformers.models.llama.modeling_llama import LlamaDecoderLayer

    spans = Spans()
    spans.watch(GPTQ, "add_batch", "hessian")
    spans.watch(GPTQ, "materialize_global_hessian", "hessian")
    spans.watch(GPTQ, "quantize", "solve")
    spans.watch(LlamaDecoderLayer, "forward", "forward")
    config = QuantizeConfig(
        bits=settings["bits"],
        group_size=settings["groupSize"],
        sym=settings["symmetric"],
        format="gptq" if settings["symmetric"] else "gptq_v2",
        damp_percent=settings["damp"],
        desc_act=False,
        act_group_aware=False,
        true_sequential=True,
        offload_to_disk=False,
        device="cpu",
    )
    # Compiled at its first use and kept for later runs: what a user pays once is no part of the time.
    if os.environ.get("GPTQMODEL_DISABLE_PACK_EXT") != "1":
        load_extension(name="pack_block_cpu")
    examples = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in settings["sequences"]]
    began = time.perf_counter()
    model = GPTQModel.load(source, config, dtype=torch.float32)
    loaded = time.perf_counter()
    model.quantize(examples, batch_size=settings["batch"], calibration_sort=None, calibration_data_min_length=1)
    quantized = time.perf_counter()
    model.save(out)
    saved = time.perf_counter()
    return {
        "gptqmodel": __version__,
        "torch": torch.__version__,
        "load": loaded - began,
        "quantize": quantized - loaded,
        "save": saved - quantized,
        **spans.split(),
    }


if __name__ == "__main__":
    if sys.argv[1] == "convert":
        convert(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        settings = json.loads(Path(sys.argv[4]).read_text(encoding="utf-8"))
        with contextlib.redirect_stdout(sys.stderr):
            result = quantize(sys.argv[2], sys.argv[3], settings)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
        # GPTQModel's worker threads outlive the work.
        os._exit(0)
