"""What several processes have to agree on."""

from collections.abc import Iterable
from itertools import chain

import torch
import torch.distributed as dist
from fastreid.utils import comm
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from fastreid_mm.modeling.global_batch_norm import synchronize_batch_norm


def wrap(model: nn.Module, freezes: bool = False, sync_bn: bool = True) -> nn.Module:
    """Share gradients over all processes; nothing to do for a single one.

    Args:
        model: the model.
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
    """The model itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def share_buffers(model: nn.Module) -> None:
    """Give every process the BatchNorm statistics of the first.

    Each process gathers its own while training without ``MODEL.SYNC_BN``; query and gallery must be embedded by one and
    the same network.
    """
    _broadcast(unwrap(model).buffers())


def share_weights(model: nn.Module) -> None:
    """Give every process the parameters and buffers of the first: of an untrained network, each has its own."""
    _broadcast(chain(unwrap(model).parameters(), unwrap(model).buffers()))


@torch.no_grad()
def _broadcast(tensors: Iterable[Tensor]) -> None:
    if comm.get_world_size() == 1:
        return
    for tensor in tensors:
        shared = tensor.contiguous()  # of a network that lies channels last it is a copy
        dist.broadcast(shared, src=0)
        tensor.copy_(shared)
