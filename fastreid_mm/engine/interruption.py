"""Checkpoints between epochs, every so many iterations and when the process is told to stop."""

import logging
import signal
import threading
from pathlib import Path
from typing import Any

import torch
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from torch import nn

from fastreid_mm.stopping import KEPT, STOPPED

logger = logging.getLogger("fastreid.mm")


class InterimCheckpointer(HookBase):
    """Saves every ``period`` iterations, and when SIGTERM is received, whereupon it ends the program.

    All processes save after the same iteration, whichever of them received the signal.

    Args:
        period: ``SOLVER.CHECKPOINT_ITERS``; 0 saves on SIGTERM only.
    """

    def __init__(self, period: int) -> None:
        self._period, self._told = period, False
        self._before: Any = None

    def before_train(self) -> None:
        """Called by the trainer."""
        if threading.current_thread() is threading.main_thread():  # no other may ask for signals
            self._before = signal.signal(signal.SIGTERM, self._note)

    def _note(self, *_: object) -> None:
        self._told = True

    def after_step(self) -> None:
        """Called by the trainer.

        Raises:
            SystemExit: with :data:`STOPPED`, when the state is saved.
        """
        done = self.trainer.iter + 1
        stop = any(comm.all_gather(self._told)) if comm.get_world_size() > 1 else self._told
        if not stop and (self._period <= 0 or done % self._period):
            return
        self.trainer.save(interim_name(done), self.trainer.epoch, done)
        prune_interim(self.trainer.cfg.OUTPUT_DIR)
        if stop:
            logger.warning(f"Stopped by SIGTERM after {done} iterations, which are saved: --resume goes on from there")
            raise SystemExit(STOPPED)

    def after_train(self) -> None:
        """Called by the trainer."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


def interim_name(iterations: int) -> str:
    """Name a checkpoint that is kept for a while, after so many iterations."""
    return f"model_iter_{iterations:07d}"


def prune_interim(folder: str) -> None:
    """Delete such checkpoints but for the newest, on the first process."""
    if comm.is_main_process():
        for path in sorted(Path(folder).glob("model_iter_*.pth"))[:-KEPT]:
            path.unlink()


def gather_buffers(model: nn.Module) -> list[dict[str, torch.Tensor]]:
    """The buffers of all processes but the first, on the first: statistics and memories are each one's own."""
    if comm.get_world_size() == 1:
        return []
    return comm.gather(
        {
            name: buffer.cpu()
            for name, buffer in model.state_dict(keep_vars=True).items()
            if not isinstance(buffer, nn.Parameter)
        }
    )[1:]


def restore_buffers(model: nn.Module, saved: list[dict[str, torch.Tensor]]) -> None:
    """Give this process its own buffers back. With another number of processes all begin with the first one's."""
    if len(saved) != comm.get_world_size() - 1:
        logger.warning(f"Resumed in {comm.get_world_size()} processes, stopped in {len(saved) + 1}")
    elif comm.get_rank():
        model.load_state_dict(saved[comm.get_rank() - 1], strict=False)
