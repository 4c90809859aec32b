"""Checkpoints within epochs, after a number of iterations and on SIGTERM."""

import logging
from pathlib import Path

import torch
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from torch import nn

from fastreid_mm.common.stopping import STOPPED, StopSignal, delete_all_but_newest

logger = logging.getLogger("fastreid.mm")


class InterimCheckpointer(HookBase):
    """Checkpoints every ``period`` iterations, with 0 none, and on SIGTERM, after which the program ends.

    All processes save after the same iteration, whichever of them received the signal.
    """

    def __init__(self, period: int) -> None:
        self._period, self._signal = period, StopSignal()

    def before_train(self) -> None:
        """Begin to catch SIGTERM."""
        self._signal.listen()

    def after_step(self) -> None:
        """Save if it is time, or if any process has received SIGTERM.

        Raises:
            SystemExit: with :data:`STOPPED`, when the state was saved on SIGTERM.
        """
        done = self.trainer.iter + 1
        received = self._signal.received
        stop = any(comm.all_gather(received)) if comm.get_world_size() > 1 else received
        if not stop and (self._period <= 0 or done % self._period):
            return
        self.trainer.save(interim_name(done), self.trainer.epoch, done)
        prune_interim(self.trainer.cfg.OUTPUT_DIR)
        if stop:
            logger.warning(f"Stopped by SIGTERM after {done} iterations, which are saved: --resume goes on from there")
            raise SystemExit(STOPPED)

    def after_train(self) -> None:
        """Restore the previous handler of SIGTERM."""
        self._signal.leave()


def interim_name(iterations: int) -> str:
    """Return the name of a checkpoint within an epoch, by the number of finished iterations."""
    return f"model_iter_{iterations:07d}"


def prune_interim(folder: str) -> None:
    """Delete all but the newest checkpoints within epochs, on the first process."""
    if comm.is_main_process():
        delete_all_but_newest(Path(folder).glob("model_iter_*.pth"))


def gather_buffers(model: nn.Module) -> list[dict[str, torch.Tensor]]:
    """Gather the buffers of all processes but the first, such as statistics and memories, on the first process."""
    if comm.get_world_size() == 1:
        return []
    state = model.state_dict(keep_vars=True).items()
    return comm.gather({name: value.cpu() for name, value in state if not isinstance(value, nn.Parameter)})[1:]


def restore_buffers(model: nn.Module, saved: list[dict[str, torch.Tensor]]) -> None:
    """Restore the buffers of this process. With another number of processes all begin with those of the first."""
    if len(saved) != comm.get_world_size() - 1:
        logger.warning(f"Resumed in {comm.get_world_size()} processes, stopped in {len(saved) + 1}")
    elif comm.get_rank():
        model.load_state_dict(saved[comm.get_rank() - 1], strict=False)
