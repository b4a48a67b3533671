"""Mixtures of SwiGLU experts in eager PyTorch, several ways of running the same sum.

Every way takes units [U, C], the expert of each edge [U, k] (-1: no edge), the weight of each edge [U, k]
and three stacked matrices gate, up [E, F, C] and down [E, C, F]; it gives [U, C].
"""

import torch
import torch.nn.functional as F


def swiglu(x, gate, up, down):
    """down( silu(gate x) * (up x) ) of one expert, rows [n, C]."""
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


def loop(units, expert, weight, gate, up, down):
    """The textbook way: every expert looks for its rows, computes them, adds them to the result."""
    result = torch.zeros_like(units)
    # unbind, not gate[e]: the gradient of an index is a whole stack of zeros for each expert
    for e, matrices in enumerate(zip(gate.unbind(), up.unbind(), down.unbind())):
        unit, choice = torch.where(expert == e)
        if unit.numel() > 0:
            rows = swiglu(units.index_select(0, unit), *matrices)
            result.index_add_(0, unit, rows * weight[unit, choice].unsqueeze(1))
    return result


def sort_by_expert(units, expert, experts):
    """Rows of all edges, expert by expert: (order of the flat edges, rows [U*k, C], rows of each expert [E])."""
    flat = expert.reshape(-1)
    order = torch.sort(flat, stable=True).indices
    counts = torch.bincount(flat[flat >= 0], minlength=experts)
    order = order[flat.numel() - int(counts.sum()) :]
    rows = units.index_select(0, torch.div(order, expert.shape[1], rounding_mode="floor"))
    return order, rows, counts


def combine(rows, order, weight, units):
    """Puts the rows of the edges back to their units and adds them up with their weights."""
    weighted = rows * weight.reshape(-1).index_select(0, order).unsqueeze(1)
    k = weight.shape[1]
    if order.numel() < weight.numel():
        return torch.zeros_like(units).index_add(0, torch.div(order, k, rounding_mode="floor"), weighted)
    place = torch.empty_like(order)
    place[order] = torch.arange(order.numel())
    back = weighted.index_select(0, place)
    return back if k == 1 else back.view(-1, k, back.shape[1]).sum(1)


def grouped(units, expert, weight, gate, up, down):
    """Sorts the edges once; every expert multiplies its contiguous slice of the rows."""
    order, rows, counts = sort_by_expert(units, expert, gate.shape[0])
    slices = rows.split(counts.tolist())
    results = [swiglu(*each) for each in zip(slices, gate.unbind(), up.unbind(), down.unbind())]
    return combine(torch.cat(results), order, weight, units)


def grouped_mm(units, expert, weight, gate, up, down):
    """Sorts the edges once; one grouped matrix product per matrix, where this PyTorch has them."""
    multiply = grouped_product()
    order, rows, counts = sort_by_expert(units, expert, gate.shape[0])
    ends = counts.cumsum(0).to(torch.int32)

    def product(x, matrices):
        return multiply(x, matrices.transpose(-2, -1), offs=ends)

    results = product(F.silu(product(rows, gate)) * product(rows, up), down)
    return combine(results, order, weight, units)


def grouped_product():
    """The grouped matrix product of this PyTorch, or None; its name has changed over time."""
    return getattr(F, "grouped_mm", None) or getattr(torch, "_grouped_mm", None)


def grouped_mm_works():
    """Whether there is a grouped matrix product that takes f32 on this machine, gradients included."""
    if grouped_product() is None:
        return False
    try:
        stack = [torch.randn(shape, requires_grad=True) for shape in ((2, 16, 16), (2, 16, 16), (2, 16, 16))]
        rows = grouped_mm(torch.randn(4, 16), torch.tensor([[0], [1], [1], [0]]), torch.ones(4, 1), *stack)
        rows.sum().backward()
        return True
    except (RuntimeError, NotImplementedError, TypeError):
        return False


WAYS = {"loop": loop, "grouped": grouped, "grouped-mm": grouped_mm}


def ways():
    """Names of the ways that work with this PyTorch."""
    return [name for name in WAYS if name != "grouped-mm" or grouped_mm_works()]
