"""Training iteration, on any device, in full or mixed precision."""

import time

import torch
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils import comm
from torch import nn

from fastreid_mm.common.finite_loss import require_finite
from fastreid_mm.data.device_loader import DeviceLoader


class TrainingStep(SimpleTrainer):
    """Inner trainer of fast-reid, for any device instead of only CUDA.

    Mixed precision is float16 with loss scaling on a GPU and bfloat16 on a CPU. :meth:`start_epoch` must be called
    before the first step of every epoch.

    Args:
        model: the model, which may be wrapped for several processes.
        loader: the training loader.
        optimizer: the optimizer.
        mixed_precision: ``SOLVER.AMP.ENABLED``.
        output_dir: the folder for a batch whose loss is not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: DeviceLoader,
        optimizer: torch.optim.Optimizer,
        mixed_precision: bool = False,
        output_dir: str = ".",
    ) -> None:
        super().__init__(model, loader, optimizer, param_wrapper=None)
        self._output_dir, self.iter = output_dir, 0  # the trainer counts on
        self._device = next(model.parameters()).device.type
        self._mixed_precision = mixed_precision
        self._dtype = torch.float16 if self._device == "cuda" else torch.bfloat16
        self.grad_scaler = torch.amp.GradScaler(self._device, enabled=mixed_precision and self._device == "cuda")

    def start_epoch(self, epoch: int, done: int = 0) -> None:
        """Begin the batches of an epoch (0-based), after those that are already done."""
        self.data_loader.set_epoch(epoch, done)
        self._data_loader_iter = iter(self.data_loader)

    def run_step(self) -> None:
        """Load a batch, sum the model's losses, and update its weights.

        Raises:
            NotFiniteError: a loss is not finite. The weights are unchanged, and the batch is saved.
        """
        start = time.perf_counter()
        batch = next(self._data_loader_iter)
        data_time = time.perf_counter() - start
        with torch.autocast(self._device, self._dtype, enabled=self._mixed_precision):
            losses = self.model(batch)
            total = sum(losses.values())
        self.optimizer.zero_grad()
        self.grad_scaler.scale(total).backward()
        require_finite(total, losses, lambda: batch, self._output_dir, self.iter, comm.get_rank())
        self._write_metrics(losses, data_time)
        self.grad_scaler.unscale_(self.optimizer)  # before the optimizer may clip
        self.grad_scaler.step(self.optimizer)
        self.grad_scaler.update()
