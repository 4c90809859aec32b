"""What several processes have to agree on."""

import torch
import torch.distributed as dist
from fastreid.utils import comm
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def wrap(model: nn.Module, freezes: bool = False) -> nn.Module:
    """Share gradients over all processes; nothing to do for a single one.

    Args:
        model: the model.
        freezes: whether some of its parameters will have no gradient for a while.
    """
    if comm.get_world_size() == 1:
        return model
    device_ids = [torch.cuda.current_device()] if next(model.parameters()).is_cuda else None
    return DistributedDataParallel(
        model, device_ids=device_ids, broadcast_buffers=False, find_unused_parameters=freezes
    )


def unwrap(model: nn.Module) -> nn.Module:
    """The model itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def share_buffers(model: nn.Module) -> None:
    """Give every process the BatchNorm statistics of the first.

    Each process gathers its own while training; query and gallery must be embedded by one and the same network.
    """
    if comm.get_world_size() > 1:
        for buffer in unwrap(model).buffers():
            dist.broadcast(buffer, src=0)
