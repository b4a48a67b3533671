"""The seed designs in eager PyTorch: a peer to be measured against and an independent opinion on the numbers.

  torch_moe.py step  --design mask-moe [--experts grouped] [--steps 5]   times whole training steps, JSON lines
  torch_moe.py serve --design mask-moe                                   times on demand: one JSON line a request
  torch_moe.py trace --design mask-moe --weights W --tokens T --out O    one forward and backward pass, as `moec trace`
  torch_moe.py train --design mask-moe --data tokens.bin                 a training curve on a file of token ids

Sizes are those of the specs unless said: --vocab, --context, --d-model, --layers, --heads, --width (of an expert),
--expert-count, --top-k, --parts. Random ids are drawn uniformly; MaskMoE's tables are drawn for uniform counts.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import replace

import numpy
import torch

from experts import WAYS, ways
from model import DESIGNS, Model, draw_visible, start
from optimise import adamw, rate_factor, train_step
from tensor_file import read_tensors, write_tensors

SIZES = {
    "vocab": "vocab",
    "context": "context",
    "d-model": "d_model",
    "layers": "layers",
    "heads": "heads",
    "width": "hidden",
    "expert-count": "experts",
    "top-k": "top_k",
    "parts": "parts",
}


def blas():
    """Which matrix library this PyTorch was built with, in one word or two."""
    text = torch.__config__.show()
    for line in text.replace(",", "\n").splitlines():
        if "BLAS_INFO=" in line:
            name = line.split("BLAS_INFO=")[1].strip()
            return name if name != "generic" else "the system's BLAS"
    return "MKL" if "MKL" in text else "unknown"


def about():
    """What has to be said with every number."""
    return {
        "torch": torch.__version__,
        "blas": blas(),
        "vectors": torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else "unknown",
        "threads": torch.get_num_threads(),
        "ways": ways(),
    }


def emit(record):
    print(json.dumps(record), flush=True)


class Steps:
    """A model in training on random ids; a few batches take turns, so that no step sees the one before again."""

    def __init__(self, config, way, batch, seed=0):
        torch.manual_seed(seed)
        self.model = Model(config, way)
        start(self.model, seed)
        draw_visible(self.model, torch.ones(config.vocab))
        self.optimizer = adamw(self.model)
        self.batches = [torch.randint(config.vocab, (batch, config.context + 1)) for _ in range(4)]
        self.tokens = batch * config.context
        self.done = 0

    def run(self):
        """One step; seconds it took."""
        ids = self.batches[self.done % len(self.batches)]
        begin = time.perf_counter()
        results = train_step(self.model, self.optimizer, ids[:, :-1], ids[:, 1:], rate_factor(self.done, 300))
        self.loss = results["loss"].item()
        self.done += 1
        return time.perf_counter() - begin


def step(config, args):
    """Times n steps of every way of running the experts, after warm-up."""
    emit({"about": about()})
    for way in ways() if args.experts == "all" else [args.experts]:
        steps = Steps(config, way, args.batch)
        for _ in range(args.warmup):
            steps.run()
        seconds = statistics.median(steps.run() for _ in range(args.steps))
        rate = steps.tokens / seconds
        emit({"design": args.design, "experts": way, "ms": 1e3 * seconds, "tokens_per_second": rate, "memory": memory()})


def memory():
    """Most memory this process has used, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def serve(config, args):
    """Answers `<way> <n>` on stdin with the seconds of n steps, so that another program can take turns with us."""
    emit({"about": about()})
    running = {}
    for line in sys.stdin:
        way, count = line.split()
        if way not in running:
            running[way] = Steps(config, way, args.batch)
        seconds = [running[way].run() for _ in range(int(count))]
        last = {"loss": running[way].loss, "step": running[way].done}
        emit({"experts": way, "seconds": seconds, **last, "memory": memory()})


def load_weights(model, tensors):
    """Puts a file's tensors into the model; every name must fit."""
    state = {name: torch.from_numpy(array) for name, array in tensors.items()}
    missing, extra = set(model.state_dict()) - set(state), set(state) - set(model.state_dict())
    if missing or extra:
        raise SystemExit(f"weights do not fit: missing {sorted(missing)[:3]}, unknown {sorted(extra)[:3]}")
    model.load_state_dict(state)


def trace(config, args):
    """One forward and backward pass on given weights and ids; writes what `moec trace` writes."""
    if args.dtype == "f64":
        torch.set_default_dtype(torch.float64)
    with open(args.tokens) as file:
        tokens = torch.tensor(json.load(file)["tokens"])
    model = Model(config, args.experts)
    load_weights(model, read_tensors(args.weights))
    results = model(tokens[:, :-1], tokens[:, 1:])
    results["loss"].backward()
    kind = numpy.float64 if args.dtype == "f64" else numpy.float32
    out = {name: results[name].detach().numpy().astype(kind) for name in ("loss", "cross_entropy", "logits")}
    for name, weight in model.named_parameters():
        out[f"grad.{name}"] = weight.grad.numpy().astype(kind)
    for i, routing in enumerate(results["routing"]):
        out[f"layers.{i}.mixture.dropped"] = numpy.zeros((), kind)  # both designs have no limit
        for name, value in routing.items():
            whole = name == "edges.expert"
            out[f"layers.{i}.mixture.{name}"] = value.detach().numpy().astype(numpy.int32 if whole else kind)
    write_tensors(args.out, out)


def train(config, args):
    """Trains on random windows of a file of token ids; prints the mean of every 50 steps."""
    data = numpy.fromfile(args.data, dtype={"u16": "<u2", "i32": "<i4"}[args.ids])
    cut = int(len(data) * (1 - args.held_out))
    torch.manual_seed(args.seed)
    model = Model(config, "grouped" if args.experts == "all" else args.experts)
    start(model, args.seed)
    draw_visible(model, torch.from_numpy(numpy.bincount(data[:cut], minlength=config.vocab)).double())
    optimizer = adamw(model)
    draw = numpy.random.default_rng(args.seed)
    emit({"about": about(), "training_tokens": cut})
    recent = []
    for s in range(args.steps):
        starts = draw.integers(0, cut - config.context - 1, args.batch)
        ids = torch.from_numpy(numpy.stack([data[i : i + config.context + 1] for i in starts]).astype(numpy.int64))
        results = train_step(model, optimizer, ids[:, :-1], ids[:, 1:], rate_factor(s, args.steps, args.rise))
        recent.append(results["cross_entropy"].item())
        if (s + 1) % args.every == 0:
            emit({"step": s + 1, "cross_entropy": statistics.mean(recent)})
            recent = []


MODES = {"step": step, "serve": serve, "trace": trace, "train": train}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--design", choices=DESIGNS, default="mask-moe")
    parser.add_argument("--experts", choices=["all", *WAYS], default=None)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--warmup", type=int, default=2, help="steps that are not timed")
    for name in SIZES:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--weights")
    parser.add_argument("--tokens")
    parser.add_argument("--out")
    parser.add_argument("--dtype", choices=["f32", "f64"], default="f32")
    parser.add_argument("--data")
    parser.add_argument("--ids", choices=["u16", "i32"], default="u16", help="how ids lie in --data")
    parser.add_argument("--held-out", type=float, default=0.02, help="share of --data that is left out, at its end")
    parser.add_argument("--rise", type=int, default=40, help="steps of rising learning rate")
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1337)
    return parser.parse_args()


def main():
    args = arguments()
    if args.experts is None:
        args.experts = "all" if args.mode == "step" else "grouped"
    if args.steps is None:
        args.steps = 300 if args.mode == "train" else 5
    torch.set_num_threads(args.threads)
    given = {field: getattr(args, name.replace("-", "_")) for name, field in SIZES.items()}
    config = replace(DESIGNS[args.design], **{name: value for name, value in given.items() if value is not None})
    MODES[args.mode](config, args)


main()
