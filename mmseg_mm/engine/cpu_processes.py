"""Several processes on a machine without a GPU, which mmengine's "pytorch" launcher requires."""

from collections.abc import Sequence

import torch
import torch.distributed as dist

OPTIONS = (
    "model_wrapper_cfg.type=MMDistributedDataParallel",
    "model_wrapper_cfg.device_ids=None",
    "model_wrapper_cfg.broadcast_buffers=False",
)
"""Options of the host's wrapper for a machine without a GPU: it would use the GPU with the process's number."""


def join_processes(arguments: Sequence[str]) -> list[str]:
    """Join the processes that torchrun has started, over gloo, if the host could not.

    The host does not join processes again.

    Returns:
        Config options that the script then needs; none on a machine with a GPU, or without ``--launcher pytorch``.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    has_launcher = ("--launcher", "pytorch") in zip(words, words[1:])
    if not has_launcher or torch.cuda.is_available() or not dist.is_torchelastic_launched():
        return []
    dist.init_process_group("gloo")
    return list(OPTIONS)
