"""Sharing of gradients, statistics and weights between processes."""

from collections.abc import Iterable
from itertools import chain

import torch
import torch.distributed as dist
from fastreid.utils import comm
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from fastreid_mm.modeling.global_batch_norm import synchronize_batch_norm


def wrap(model: nn.Module, freezes: bool = False, sync_bn: bool = True) -> nn.Module:
    """Wrap a model so that all processes share gradients; a single process returns it as it is.

    Args:
        freezes: whether some of its parameters will have no gradient for a while.
        sync_bn: whether BatchNorm takes the statistics of all processes.
    """
    if comm.get_world_size() == 1:
        return model
    if sync_bn:
        synchronize_batch_norm(model)
    device_ids = [torch.cuda.current_device()] if next(model.parameters()).is_cuda else None
    return DistributedDataParallel(
        model, device_ids=device_ids, broadcast_buffers=False, find_unused_parameters=freezes
    )


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model without its wrapper."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def share_buffers(model: nn.Module) -> None:
    """Copy the BatchNorm statistics of the first process to all others.

    Without ``MODEL.SYNC_BN`` they differ after training; query and gallery must be embedded by the same network.
    """
    _broadcast(unwrap(model).buffers())


def share_weights(model: nn.Module) -> None:
    """Copy the parameters and buffers of the first process to all others, as those of untrained networks differ."""
    _broadcast(chain(unwrap(model).parameters(), unwrap(model).buffers()))


@torch.no_grad()
def _broadcast(tensors: Iterable[Tensor]) -> None:
    if comm.get_world_size() == 1:
        return
    for tensor in tensors:
        shared = tensor.contiguous()  # a copy, if the network is in channels-last format
        dist.broadcast(shared, src=0)
        tensor.copy_(shared)
