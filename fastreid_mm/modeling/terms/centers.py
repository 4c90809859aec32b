"""The center loss and the hetero-center loss, which CMTR and IEEE compare their own with, as loss terms."""

from collections.abc import Mapping
from itertools import combinations
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.losses import center_loss, hetero_center
from fastreid_mm.modeling.terms.host import OUTPUTS, FeatureTerm
from fastreid_mm.modeling.terms.term import LOSS_REGISTRY, SCALE, Labels, total


@LOSS_REGISTRY.register()
class CenterLoss(FeatureTerm):
    """The center loss, with a learned center an identity for each of the outputs."""

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """See :class:`LossTerm`."""
        self.centers = nn.ParameterDict({name: torch.randn(num_classes, widths[name]) for name in self.needs})

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return total(center_loss(outputs[name].flatten(1), labels.targets, self.centers[name]) for name in self.needs)


@LOSS_REGISTRY.register()
class HeteroCenter(FeatureTerm):
    """The hetero-center loss of visible and infrared images, or of every pair of modalities of aligned samples.

    Args:
        normalize: whether features are brought to length one.
        options: those of :class:`FeatureTerm`, where an output (B, D) is of images, and one (B, M, D) of M aligned
            modalities, and ``reduction``, "mean" or "sum" over identities.
    """

    formula = staticmethod(hetero_center)

    def __init__(self, normalize: bool = False, **options) -> None:
        super().__init__(**options)
        self.normalize = normalize
        self.needs_modalities = not all(name.startswith(("modality_", "stream_")) for name in self.needs)
        self.compares_modalities = self.needs_modalities

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        found = (outputs[name] for name in self.needs)
        return total(self._of(F.normalize(each, dim=-1) if self.normalize else each, labels) for each in found)

    def _of(self, features: Tensor, labels: Labels) -> Tensor:
        if features.ndim == 2:
            return hetero_center(features, labels.targets, cast(Tensor, labels.modalities), **self.options)
        # the loss needs the labels of two modalities: every pair gets the same, whichever modalities it has
        pair = torch.tensor([VISIBLE, INFRARED], device=features.device).repeat_interleave(len(features))
        targets = labels.targets.repeat(2)
        both = combinations(features.unbind(1), 2)
        return total(hetero_center(torch.cat(each), targets, pair, **self.options) for each in both)


def add_center_keys(cfg: CfgNode) -> None:
    """Add ``MODEL.LOSSES.CENTER_LOSS`` and ``MODEL.LOSSES.HETERO_CENTER``."""
    add_keys(cfg, "MODEL.LOSSES.CENTER_LOSS", {"SCALE": SCALE, "OUTPUTS": OUTPUTS})
    add_keys(
        cfg,
        "MODEL.LOSSES.HETERO_CENTER",
        {
            "SCALE": SCALE,
            "OUTPUTS": OUTPUTS,
            "REDUCTION": Key("mean", "Over the identities of the batch.", choices=REDUCTIONS, when="training"),
            "NORMALIZE": Key(False, "Bring features to length one before.", when="training"),
        },
    )
