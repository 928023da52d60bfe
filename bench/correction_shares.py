"""What a bias or a low-rank correction of each linear layer could still win, and what the same bytes win as wider codes.

usage: correction_shares.py FLOAT CHECKPOINT TEXT [FIT_LINES [TEST_LINES]]

FLOAT: a float32 Hugging Face directory (peer-gptqmodel.py convert makes one of a GGUF file). CHECKPOINT: what qnative quantize wrote of
it as gptq or gptq_v2. TEXT: one passage a line.

Both models run over the text side by side. With x the inputs of a layer in the quantized model and e the difference of its outputs,
W x_float - Q x, the best correction is fitted on the first FIT_LINES: the mean of e for a bias, the reduced-rank regression of e on x
for low rank (Izenman 1975: the first singular directions of E[e x'] E[x x']^-1/2). The share of the mean of |e|^2 that it takes away is
measured on the TEST_LINES after them. Against it stands what its bytes, 16 bits a number, would take away as bits of the codes:
1 - 4^-bits, each bit a quarter of the squared error.
"""

import sys
from collections import defaultdict
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

sys.path.insert(0, str(Path(__file__).parent.parent / "test" / "models" / "llama"))
from gptq_reference import load_dequantized  # noqa: E402

RANKS = [1, 4, 16]


class Moments:
    """Of one layer over one text: E[e x'], E[x x'], E[e], E[x], E[e'e]."""

    def __init__(self, outputs: int, inputs: int) -> None:
        self.tokens = 0
        self.cross = torch.zeros(outputs, inputs)
        self.gram = torch.zeros(inputs, inputs)
        self.mean = torch.zeros(outputs)
        self.square = 0.0

    def add(self, error: torch.Tensor, x: torch.Tensor) -> None:
        self.tokens += len(x)
        self.cross += error.T @ x
        self.gram += x.T @ x
        self.mean += error.sum(0)
        self.square += error.double().square().sum().item()


def linears(model: LlamaForCausalLM) -> dict[str, torch.nn.Linear]:
    blocks = model.model.layers.named_modules()
    return {name: module for name, module in blocks if isinstance(module, torch.nn.Linear)}


@torch.no_grad()
def measure(models: list[LlamaForCausalLM], lines: list[list[int]]) -> dict[str, Moments]:
    seen: list[dict[str, tuple[torch.Tensor, torch.Tensor]]] = [{}, {}]
    hooks = [
        module.register_forward_hook(
            lambda _module, inputs, output, name=name, to=to: to.update({name: (inputs[0][0], output[0])})
        )
        for model, to in zip(models, seen)
        for name, module in linears(model).items()
    ]
    moments = {name: Moments(module.out_features, module.in_features) for name, module in linears(models[0]).items()}
    for ids in lines:
        for model in models:
            model.model(torch.tensor([ids]))
        for name, (x, output) in seen[1].items():
            moments[name].add(seen[0][name][1] - output, x)
    for hook in hooks:
        hook.remove()
    return moments


def shares(fit: Moments, test: Moments) -> dict[str, float]:
    """By kind of correction: the share of the test text's squared error that it takes away."""
    mean = fit.mean / fit.tokens
    gained = {"bias": (2 * mean @ test.mean - test.tokens * mean @ mean).item()}
    inputs = len(fit.gram)
    gram = (fit.gram + 0.01 * fit.gram.diag().mean() * torch.eye(inputs)).double()
    root = torch.linalg.cholesky(gram)
    whitened = torch.linalg.solve_triangular(root, fit.cross.double().T, upper=False).T  # cross root^-T
    u, s, v = torch.svd_lowrank(whitened, q=2 * RANKS[-1], niter=4)
    for rank in RANKS:
        low = (u[:, :rank] * s[:rank]) @ v[:, :rank].T
        correction = torch.linalg.solve_triangular(root.T, low.T, upper=True).T.float()
        won = 2 * (correction * test.cross).sum() - ((correction @ test.gram) * correction).sum()
        gained[f"rank {rank}"] = won.item()
    return {kind: value / test.square for kind, value in gained.items()}


def cost(kind: str, outputs: int, inputs: int) -> float:
    """Bits per weight."""
    numbers = outputs if kind == "bias" else int(kind.split()[1]) * (outputs + inputs)
    return 16 * numbers / (outputs * inputs)


def main() -> None:
    torch.manual_seed(0)
    float_folder, checkpoint, text, *counts = sys.argv[1:]
    fit_lines, test_lines = (int(n) for n in (counts + ["256", "128"][len(counts) :]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(Path(float_folder) / "tokenizer.json"))
    models = [LlamaForCausalLM.from_pretrained(float_folder, dtype=torch.float32).eval(), load_dequantized(Path(checkpoint))]
    lines = [tokenizer(line).input_ids for line in Path(text).read_text().splitlines()[: fit_lines + test_lines]]
    fit = measure(models, lines[:fit_lines])
    test = measure(models, lines[fit_lines:])
    print(f"{sum(map(len, lines[:fit_lines]))} tokens to fit, {sum(map(len, lines[fit_lines:]))} to test\n")
    print("| layer | correction | bits/weight | error it takes away | its bytes as codes |\n| --- | --- | ---: | ---: | ---: |")
    by_layer = defaultdict(list)
    for name in fit:
        by_layer[name.split(".", 1)[1]].append((fit[name], test[name]))
    for layer, pairs in by_layer.items():
        found = [shares(*pair) for pair in pairs]
        for kind in found[0]:
            share = sum(each[kind] for each in found) / len(found)
            bits = cost(kind, *pairs[0][0].cross.shape)
            print(f"| {layer} | {kind} | {bits:.3f} | {100 * share:.1f} % | {100 * (1 - 4**-bits):.1f} % |")


main()
