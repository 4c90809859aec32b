"""Precise BatchNorm statistics of the final weights: means over training batches instead of moving averages.

Wu and Johnson, "Rethinking 'Batch' in BatchNorm", https://arxiv.org/abs/2105.07576, section 3.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

import torch
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from fastreid.utils.events import EventStorage
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_train_loader
from fastreid_mm.engine.distributed import unwrap
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.modeling.global_batch_norm import synchronize_batch_norm
from fastreid_mm.settings.load import with_values


@torch.no_grad()
def renew_statistics(model: nn.Module, batches: Iterable[dict], frozen: Iterable[nn.Module] = ()) -> None:
    """Set every BatchNorm's mean and variance to the averages over some batches, in place.

    The model processes the batches as in training. Its other buffers, such as prototypes, are restored.

    Args:
        model: the model, not wrapped for several processes; its mode is kept.
        batches: training batches.
        frozen: BatchNorm layers that keep their statistics.
    """
    kept = set(frozen)
    layers = [part for part in model.modules() if isinstance(part, _BatchNorm) and part not in kept]
    layers = [layer for layer in layers if layer.track_running_stats]
    renewed = {id(buffer) for layer in layers for buffer in layer.buffers()}
    others = [(buffer, buffer.clone()) for buffer in model.buffers() if id(buffer) not in renewed]
    modes, momenta = {part: part.training for part in model.modules()}, [layer.momentum for layer in layers]
    model.train()
    for layer in kept:
        layer.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # makes PyTorch average over all batches with equal weights
    with EventStorage():  # keeps the losses' reports apart from those of training
        for batch in batches:
            model(batch)
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
    for buffer, value in others:
        buffer.copy_(value)
    for part, training in modes.items():
        part.training = training


def check_precise_bn(cfg: CfgNode) -> None:
    """Refuse an impossible ``TEST.PRECISE_BN.DATASET`` before training.

    Raises:
        InputError: the model is not trained on that data set.
    """
    options = cfg.TEST.PRECISE_BN
    if options.ENABLED and options.DATASET and options.DATASET not in cfg.DATASETS.NAMES:
        raise InputError(
            f"TEST.PRECISE_BN.DATASET {options.DATASET!r} is not one of DATASETS.NAMES, {', '.join(cfg.DATASETS.NAMES)}"
        )


def precise_bn(cfg: CfgNode, model: nn.Module) -> dict[str, str]:
    """Renew the statistics of a model if ``TEST.PRECISE_BN`` is enabled, and return a note for the results, or {}.

    Layers of ``MODEL.FREEZE_LAYERS`` keep their statistics.

    Raises:
        InputError: see :func:`check_precise_bn` and :func:`build_train_loader`.
    """
    options = cfg.TEST.PRECISE_BN
    if not options.ENABLED:
        return {}
    check_precise_bn(cfg)
    names = (options.DATASET,) if options.DATASET else cfg.DATASETS.NAMES
    seed_everything(cfg.SEED, comm.get_rank(), cfg.SOLVER.MAX_EPOCH)  # so that the batches are always the same
    loader = build_train_loader(with_values(cfg, DATASETS__NAMES=names))

    def epochs() -> Iterator[dict]:
        for epoch in itertools.count():
            loader.set_epoch(epoch)
            yield from loader

    patterns = cfg.MODEL.FREEZE_LAYERS if cfg.SOLVER.FREEZE_ITERS > 0 else []
    bare = unwrap(model)
    if comm.get_world_size() > 1 and cfg.MODEL.SYNC_BN:
        synchronize_batch_norm(bare)  # not yet done for a model that was not trained here
    frozen = [
        part
        for name, part in bare.named_modules()
        if isinstance(part, _BatchNorm) and any(re.match(pattern, name) for pattern in patterns)
    ]
    renew_statistics(bare, itertools.islice(epochs(), options.NUM_ITER), frozen)
    return {"batch norm": f"statistics of {options.NUM_ITER} training batches"}


class PreciseBN(HookBase):
    """Renewal of the statistics after the last epoch, before the final checkpoint and the final test."""

    def __init__(self) -> None:
        self.note: dict[str, str] = {}
        """Note for the results of a test."""

    def before_train(self) -> None:
        """Renew the statistics if training is already finished."""
        if self.trainer.start_epoch >= self.trainer.max_epoch:  # a finished run is tested again
            self._renew()

    def after_epoch(self) -> None:
        """Renew the statistics after the last epoch."""
        if self.trainer.epoch + 1 == self.trainer.max_epoch:
            self._renew()

    def _renew(self) -> None:
        trainer = self.trainer  # the seed of its config may be the checkpoint's
        self.note = precise_bn(trainer.cfg, trainer.model)
        if trainer.average:
            precise_bn(trainer.cfg, trainer.average.model)
