"""Processes that do parts of one work for as long as each takes."""

from datetime import timedelta
from typing import Any, cast

import torch.distributed as dist

_PATIENCE = timedelta(days=30)
"""Time that a process waits for others. Whoever ends early is told by the launcher, which ends all."""


class Together:
    """Processes of :func:`fastreid_mm.engine.launch`, which meet over gloo; or this one alone."""

    def __init__(self) -> None:
        started = dist.is_initialized()
        self.count = dist.get_world_size() if started else 1
        """Number of processes."""
        self.rank = dist.get_rank() if started else 0
        """Number of this process, from 0."""
        group = dist.new_group(backend="gloo", timeout=_PATIENCE) if self.count > 1 else None
        self._group = cast("dist.ProcessGroup | None", group)  # a number stands for processes outside of a group

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes to the first one, when all have called this, and nothing to others."""
        values = [None] * self.count if self.rank == 0 else None
        dist.gather_object(value, values, group=self._group)
        return values or []

    def wait(self) -> None:
        """Wait until all processes have called this."""
        dist.barrier(self._group)
