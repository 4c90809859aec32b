"""Training iteration, on any device, in full or mixed precision."""

import time
from functools import partial
from typing import cast

import torch
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils import comm
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.finite_loss import require_finite
from fastreid_mm.data.device_loader import Batch, DeviceLoader
from fastreid_mm.engine.accumulation import backward_by_parts
from fastreid_mm.engine.distributed import unwrap
from fastreid_mm.modeling.numerics import Numerics, warn_if_slower
from fastreid_mm.modeling.tested_network import compile_network


class TrainingStep(SimpleTrainer):
    """Inner trainer of fast-reid, for any device instead of only CUDA.

    Losses in float16 are scaled. :meth:`start_epoch` must be called before the first step of every epoch.

    Args:
        model: the model, which may be wrapped for several processes.
        loader: the training loader.
        optimizer: the optimizer.
        precision: of products, "float32", "float16" or "bfloat16"; see :func:`training_precision`.
        parts: ``SOLVER.ACCUMULATION_PARTS``.
        compiled: ``SOLVER.COMPILE``.
        output_dir: the folder for a batch whose loss is not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: DeviceLoader,
        optimizer: torch.optim.Optimizer,
        precision: str = "float32",
        parts: int = 1,
        compiled: bool = False,
        output_dir: str = ".",
    ) -> None:
        super().__init__(model, loader, optimizer, param_wrapper=None)
        self._output_dir, self.iter = output_dir, 0  # the trainer counts on
        self._parts, self._called = parts, compile_network(model) if compiled else model
        self._device, self._numerics = next(model.parameters()).device, Numerics(precision)
        self._is_measured = precision == "float32" or not comm.is_main_process()
        self.grad_scaler = torch.amp.GradScaler(self._device.type, enabled=precision == "float16")

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
        if not self._is_measured:
            warn_if_slower(unwrap(self.model), batch, self._device, self._numerics.dtype)
            self._is_measured = True
        self.optimizer.zero_grad()
        losses = self._backward(batch)
        total = cast(Tensor, sum(losses.values()))
        require_finite(total, losses, lambda: batch, self._output_dir, self.iter, comm.get_rank())
        self._write_metrics(losses, data_time)
        self.grad_scaler.unscale_(self.optimizer)  # before the optimizer may clip
        self.grad_scaler.step(self.optimizer)
        self.grad_scaler.update()

    def _backward(self, batch: Batch) -> dict[str, Tensor]:
        """Compute losses and gradients of a batch."""
        autocast = partial(self._numerics.autocast, self._device)
        if self._parts > 1:
            return backward_by_parts(self.model, batch, self._parts, self.grad_scaler.scale, autocast)
        with autocast():
            losses = self._called(batch)
            total = sum(losses.values())
        self.grad_scaler.scale(total).backward()
        return losses


def training_precision(cfg: CfgNode) -> str:
    """Return the precision of products in training that ``SOLVER.AMP`` asks for."""
    if not cfg.SOLVER.AMP.ENABLED:
        return "float32"
    return cfg.SOLVER.AMP.DTYPE or ("float16" if cfg.MODEL.DEVICE.startswith("cuda") else "bfloat16")
