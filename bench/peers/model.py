"""The two seed designs as eager PyTorch modules, written from the papers' equations and the language's definitions.

Nothing here is shared with the compiler: this is the independent opinion that its numbers are compared with.
MaskMoE: arXiv 2407.09816. Multi-Head MoE: arXiv 2404.15045 and 2411.16205.
"""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

from experts import WAYS


@dataclass(frozen=True)
class Config:
    """Sizes of a model; `parts` is the number of sub-tokens of a token, 1 for plain tokens."""

    vocab: int = 4096
    context: int = 512
    d_model: int = 256
    layers: int = 6
    heads: int = 8
    rope_base: float = 10_000.0
    eps: float = 1e-5
    experts: int = 16
    hidden: int = 512
    top_k: int = 1
    parts: int = 1
    masked: bool = True
    balance: float = 0.01


DESIGNS = {
    "mask-moe": Config(),
    "mh-moe": replace(Config(), experts=32, top_k=2, parts=2, masked=False),
}


class RmsNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight."""

    def __init__(self, config):
        super().__init__()
        self.eps = config.eps
        self.weight = nn.Parameter(torch.ones(config.d_model))

    def forward(self, x):
        if hasattr(F, "rms_norm"):
            return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def linear(inputs, outputs):
    """A projection without bias; weights are filled in by `start` or from a file."""
    return nn.Linear(inputs, outputs, bias=False)


def rotate(x, cos, sin):
    """Rotary positions, the two halves of a head's channels: (a, b) -> (a cos - b sin, b cos + a sin)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attend(nn.Module):
    """Causal attention with rotary positions."""

    def __init__(self, config):
        super().__init__()
        width = config.d_model
        self.heads = config.heads
        self.norm = RmsNorm(config)
        self.q, self.k, self.v, self.o = (linear(width, width) for _ in range(4))

    def forward(self, x, cos, sin):
        batch, length, width = x.shape
        q, k, v = (f(x).view(batch, length, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = causal_attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        return self.o(y.transpose(1, 2).reshape(batch, length, width))


def causal_attention(q, k, v):
    """softmax(q k^T / sqrt(channels)) v over the positions up to the own one."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    length = q.shape[-2]
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(q.shape[-1]))
    return scores.masked_fill(later, -math.inf).softmax(-1) @ v


class Stack(nn.Module):
    """The matrices of all experts: gate, up [E, F, C] and down [E, C, F]."""

    def __init__(self, experts, hidden, width):
        super().__init__()
        for name, shape in {"gate": (hidden, width), "up": (hidden, width), "down": (width, hidden)}.items():
            holder = nn.Module()
            holder.weight = nn.Parameter(torch.empty(experts, *shape))
            self.add_module(name, holder)

    def matrices(self):
        return self.gate.weight, self.up.weight, self.down.weight


class Mixture(nn.Module):
    """A mixture of experts over tokens, or over the sub-tokens that a linear layer makes of them."""

    def __init__(self, config, way):
        super().__init__()
        self.config, self.way = config, WAYS[way]
        width = config.d_model // config.parts
        self.norm = RmsNorm(config)
        self.router = linear(width, config.experts)
        self.experts = Stack(config.experts, config.hidden, width)
        if config.parts > 1:
            self.split = linear(config.d_model, config.d_model)
            self.merge = linear(config.d_model, config.d_model)
        if config.masked:
            self.register_buffer("visible", torch.zeros(config.vocab, config.experts, dtype=torch.uint8))

    def forward(self, x, ids):
        """x [T, D], ids [T] -> (result [T, D], balance loss, what was routed where)."""
        units = x if self.config.parts == 1 else self.split(x).view(-1, x.shape[1] // self.config.parts)
        scores = self.router(units)
        legal = self.visible[ids].bool() if self.config.masked else None
        gate = (scores if legal is None else scores.masked_fill(~legal, -math.inf)).softmax(-1)
        weight, expert = self.select(gate, legal)
        y = self.way(units, expert, weight, *self.experts.matrices())
        load = torch.bincount(expert[expert >= 0].reshape(-1), minlength=self.config.experts)
        routing = {"router.scores": scores, "edges.expert": expert, "edges.weight": weight, "load": load}
        return y if self.config.parts == 1 else self.merge(y.view(x.shape)), self.balance(gate, load), routing

    def select(self, gate, legal):
        """The k best experts of every unit; fewer where a unit sees fewer."""
        if self.config.top_k == 1:
            expert = gate.argmax(-1, keepdim=True)
            weight = gate.gather(-1, expert)
        else:
            weight, expert = gate.topk(self.config.top_k, dim=-1)
        if legal is None or self.config.top_k == 1:
            return weight, expert
        unseen = ~legal.gather(-1, expert)
        return weight.masked_fill(unseen, 0), expert.masked_fill(unseen, -1)

    def balance(self, gate, load):
        """Switch loss: alpha * E * sum of (share of the edges) * (mean gate)."""
        share = load.to(gate.dtype) / load.sum()
        return self.config.balance * self.config.experts * (share * gate.mean(0)).sum()


class Layer(nn.Module):
    """x + Attend(norm(x)), then x + Mixture(norm(x))."""

    def __init__(self, config, way):
        super().__init__()
        self.attend, self.mixture = Attend(config), Mixture(config, way)

    def forward(self, x, ids, cos, sin):
        x = x + self.attend(self.attend.norm(x), cos, sin)
        normed = self.mixture.norm(x).view(-1, x.shape[-1])
        y, balance, routing = self.mixture(normed, ids.reshape(-1))
        return x + y.view(x.shape), balance, routing


class Model(nn.Module):
    """Embedding, layers, norm; the head is the embedding."""

    def __init__(self, config, way="grouped"):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab, config.d_model)
        self.layers = nn.ModuleList(Layer(config, way) for _ in range(config.layers))
        self.norm = RmsNorm(config)
        for name, angles in zip(("cos", "sin"), rope_angles(config)):
            self.register_buffer(name, angles, persistent=False)

    def forward(self, ids, targets):
        """ids, targets [B, S] -> dict with loss, cross_entropy, logits [B, S, V] and the routing of every layer."""
        x, balances, routings = self.embed(ids), [], []
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for layer in self.layers:
            x, balance, routing = layer(x, ids, cos, sin)
            balances.append(balance)
            routings.append(routing)
        logits = F.linear(self.norm(x), self.embed.weight)
        cross_entropy = F.cross_entropy(logits.view(-1, self.config.vocab), targets.reshape(-1))
        loss = cross_entropy + torch.stack(balances).sum()
        return {"loss": loss, "cross_entropy": cross_entropy, "logits": logits, "routing": routings}


def rope_angles(config):
    """cos and sin [S, channels / 2] of position * base^(-2 j / channels), from f64."""
    channels = config.d_model // config.heads
    rates = config.rope_base ** (-2 * torch.arange(channels // 2, dtype=torch.float64) / channels)
    angles = torch.arange(config.context, dtype=torch.float64)[:, None] * rates
    return angles.cos().to(torch.get_default_dtype()), angles.sin().to(torch.get_default_dtype())


def start(model, seed=0):
    """The start the language defines: normal(0, 0.02), smaller where a projection writes into the residual stream."""
    generator = torch.Generator().manual_seed(seed)
    residual = ("attend.o.weight", "experts.down.weight")
    for name, weight in model.named_parameters():
        if weight.ndim < 2:
            continue
        small = name.endswith(residual)
        std = 0.02 / math.sqrt(2 * model.config.layers) if small else 0.02
        with torch.no_grad():
            weight.normal_(0, std, generator=generator)
    for layer in model.layers:
        if model.config.parts > 1:
            nn.init.xavier_uniform_(layer.mixture.split.weight, gain=0.7071)
            nn.init.xavier_uniform_(layer.mixture.merge.weight, gain=1.0)


def draw_visible(model, counts, coverage=0.8, sees=(4, 1), seed=17):
    """MaskMoE's tables: the most frequent ids that cover `coverage` see `sees[0]` experts, the others `sees[1]`."""
    config = model.config
    if not config.masked:
        return
    generator = torch.Generator().manual_seed(seed)
    order = torch.argsort(counts, descending=True, stable=True)
    before = counts[order].cumsum(0) - counts[order]
    frequent = torch.zeros(config.vocab, dtype=torch.bool)
    frequent[order[before < coverage * counts.sum()]] = True
    for layer in model.layers:
        drawn = torch.rand(config.vocab, config.experts, generator=generator).argsort(1)
        few = torch.where(frequent, sees[0], sees[1]).unsqueeze(1)
        layer.mixture.visible.copy_((drawn < few).to(torch.uint8))
