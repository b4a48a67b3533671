"""AdamW with the specs' groups, clipping, warm-up and cosine."""

import math

import torch


def decays(name, weight):
    """Whether a weight is one of the `matrices`: two or more axes, not a router, a norm or the embedding."""
    return weight.ndim >= 2 and not name.startswith("embed.") and ".router." not in name


def adamw(model, rate=6e-4, betas=(0.9, 0.95), decay=0.1):
    """AdamW over both groups; the fused one where this PyTorch has it for the CPU, as it is the fastest."""
    named = list(model.named_parameters())
    groups = [
        {"params": [w for n, w in named if decays(n, w)], "weight_decay": decay},
        {"params": [w for n, w in named if not decays(n, w)], "weight_decay": 0.0},
    ]
    options = {"lr": rate, "betas": betas, "eps": 1e-8}
    try:
        return torch.optim.AdamW(groups, fused=True, **options)
    except (TypeError, RuntimeError):
        return torch.optim.AdamW(groups, **options)


def rate_factor(step, steps, warmup=40, to=0.1):
    """Share of the learning rate at a step: linear warm-up, then a cosine down to `to`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return to + (1 - to) * 0.5 * (1 + math.cos(math.pi * progress))


def train_step(model, optimizer, ids, targets, factor, rate=6e-4, clip=1.0):
    """One whole training step; gives the model's results."""
    for group in optimizer.param_groups:
        group["lr"] = rate * factor
    optimizer.zero_grad(set_to_none=True)
    results = model(ids, targets)
    results["loss"].backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return results
