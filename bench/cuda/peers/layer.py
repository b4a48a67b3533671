"""The same mixture in PyTorch: rows sorted by expert, torch._grouped_mm three times, and ScatterMoE where it is installed.

layer.py T H I E K routing times: one JSON object a line on stdout, medians of CUDA events. What does not run here (an older
PyTorch, another GPU, a library that is not installed) is a line with the reason, and the others go on.
"""

import json
import sys

import torch
import torch.nn.functional as F


# its public name is newer than the product itself
grouped_mm = getattr(F, "grouped_mm", None) or getattr(torch, "_grouped_mm", None)


def routed(tokens, experts, k, routing):
    if routing == "one-hot":
        return torch.arange(k, device="cuda").repeat(tokens, 1)
    weights = torch.ones(experts, device="cuda")
    if routing == "zipf":
        weights = 1.0 / torch.arange(1, experts + 1, device="cuda")
    return torch.multinomial(weights.expand(tokens, experts), k)


def grouped(x, edges, gates, gate_up, down):
    """gate_up [E, H, 2I], down [E, I, H]"""
    k = edges.shape[1]
    order = edges.flatten().argsort(stable=True)
    counts = torch.bincount(edges.flatten(), minlength=down.shape[0])
    ends = counts.cumsum(0).to(torch.int32)
    rows = x.index_select(0, order // k)
    left, right = grouped_mm(rows, gate_up, offs=ends).chunk(2, dim=-1)
    out = grouped_mm(F.silu(left) * right, down, offs=ends)
    out = out * gates.flatten()[order].unsqueeze(-1)
    return torch.zeros_like(x).index_add(0, order // k, out)


def medians(work, times):
    for _ in range(5):
        work()
    spans = []
    for _ in range(times):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        spans.append(start.elapsed_time(end))
    return sorted(spans)[len(spans) // 2]


def measure(name, layer, inputs, parameters, probe, times):
    """inputs: what the layer is called with; parameters: what else gets gradients"""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()

    def forward():
        with torch.no_grad():
            return layer(*inputs)

    def both():
        for each in [*inputs, *parameters]:
            each.grad = None
        (layer(*inputs) * probe).sum().backward()

    row = {"name": name, "forward_ms": medians(forward, times), "both_ms": medians(both, times)}
    row["megabytes"] = torch.cuda.max_memory_allocated() / 1e6
    print(json.dumps(row), flush=True)


def attempt(name, work):
    try:
        work()
    except Exception as cause:
        lines = str(cause).strip().splitlines()
        reason = f"{type(cause).__name__}: {lines[0] if lines else ''}"
        print(json.dumps({"name": name, "skipped": reason}), flush=True)


def main():
    tokens, width, inner, experts, k = map(int, sys.argv[1:6])
    routing, times = sys.argv[6], int(sys.argv[7])
    torch.manual_seed(1)
    make = dict(device="cuda", dtype=torch.bfloat16)
    x = torch.randn(tokens, width, **make).requires_grad_()
    gates = (torch.rand(tokens, k, **make) + 0.05).requires_grad_()
    probe = torch.randn(tokens, width, **make)
    edges = routed(tokens, experts, k, routing)

    def pytorch():
        if grouped_mm is None:
            raise RuntimeError("this PyTorch has no grouped products")
        gate_up = (torch.randn(experts, width, 2 * inner, **make) / width**0.5).requires_grad_()
        down = (torch.randn(experts, inner, width, **make) / inner**0.5).requires_grad_()
        name = f"PyTorch {torch.__version__} grouped_mm"
        measure(name, lambda x_, g, gu, d: grouped(x_, edges, g, gu, d), [x, gates, gate_up, down], [], probe, times)

    def scattermoe():
        from scattermoe.mlp import GLUMLP

        mlp = GLUMLP(width, inner, experts, k, activation=torch.nn.SiLU()).to(**make)
        parameters = list(mlp.parameters())
        measure("ScatterMoE", lambda x_, g: mlp(x_, g, edges), [x, gates], parameters, probe, times)

    attempt("PyTorch", pytorch)
    attempt("ScatterMoE", scattermoe)


if __name__ == "__main__":
    main()
