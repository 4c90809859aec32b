"""A network as tests, predictors and indexes call it: its precision, its memory format, and mirrored images."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import LAYOUT
from fastreid_mm.modeling.numerics import PLAIN, Numerics, choose_numerics


class TestedNetwork(nn.Module):
    """A network whose features are computed as the keys of ``TEST`` say, and are float32.

    ``TEST.AMP`` and ``TEST.CHANNELS_LAST`` are settled by the first batch. With ``TEST.FLIP``, features are averaged
    with those of the images flipped left to right; fast-reid's own flips the third axis from the left, which turns
    aligned images upside down.

    Args:
        model: a meta-architecture, not wrapped for several processes.
    """

    __test__ = False  # no test, whatever its name looks like to pytest

    def __init__(self, model: nn.Module, cfg: CfgNode) -> None:
        super().__init__()
        self.model = model
        self.training = model.training  # the mode that the host puts it back into after a test
        self._flip, self._compiled = cfg.TEST.FLIP.ENABLED, cfg.TEST.COMPILE
        self._keys = cfg.TEST.AMP, cfg.TEST.CHANNELS_LAST
        self.numerics: Numerics | None = None
        """Precision and memory format, from the first batch on."""

    def forward(self, batch: Mapping[str, Any]) -> Tensor:
        """Compute (B, D) features of a batch of ``images`` (B, 3, H, W) or (B, M, 3, H, W)."""
        device = batch["images"].device
        if self.numerics is None:
            self.numerics, network = choose_numerics(self.model, batch, device, *self._keys, self._features)
            called = compile_network(network) if self._compiled else network
            self._networks = (called,)  # in a tuple, so that a copy is no part of this module
        with self.numerics.autocast(device):
            return self._features(self._networks[0], batch).float()

    def _features(self, network: Callable, batch: Mapping[str, Any]) -> Tensor:
        return features_both_ways(network, batch, self._flip)

    @property
    def note(self) -> dict[str, str]:
        """A note for results; empty if they are computed in float32 with channels first."""
        return {} if self.numerics in (None, PLAIN) else {"precision": str(self.numerics)}


def features_both_ways(model: Callable, batch: Mapping[str, Any], flip: bool) -> Tensor:
    """Compute (B, D) features of a batch, with ``flip`` the mean of both ways round."""
    features = model(batch)
    if flip:
        features = (features + model({**batch, "images": batch["images"].flip(-1)})) / 2
    return features


def compile_network(network: nn.Module) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a network for batches of constant sizes, of which it gets nothing but tensors and their layout.

    Other entries, as paths, would be compiled in, so that every batch would need a graph of its own.
    """
    compiled = torch.compile(network, dynamic=False)

    def call(batch: Mapping[str, Any]) -> Any:
        return compiled({key: value for key, value in batch.items() if isinstance(value, Tensor) or key == LAYOUT})

    return call
