"""The batch of all processes together, which is what the losses are computed on.

Every process gathers the features of all, and computes the whole loss. The gradient of a gathered feature is the sum of
those of all processes, and ``DistributedDataParallel`` takes the mean of the parameters' gradients over the processes:
both together give the gradient that a single process would have, of sums over the batch as of means, of parameters
before the gathering as of those after it.
"""

from typing import Any

import torch
import torch.distributed as dist
from fastreid.utils import comm
from torch import Tensor


class _Gather(torch.autograd.Function):
    """Concatenates a tensor of all processes; backward, the gradients of all processes are summed."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        values = values.contiguous()
        ctx.count = len(values)
        found = [torch.empty_like(values) for _ in range(comm.get_world_size())]
        dist.all_gather(found, values)
        return torch.cat(found)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)
        return gradient[comm.get_rank() * ctx.count :][: ctx.count]


def gather(values: Tensor) -> Tensor:
    """(B, ...) of this process to (W * B, ...) of all W processes in their order, with gradient.

    The images of the first process come first, its infrared ones before the visible ones of the second; no loss here
    depends on that order. Every process must call it, with tensors of one shape. With a single process it returns what
    it is given.
    """
    return values if comm.get_world_size() == 1 else _Gather.apply(values)
