"""HCT's hetero-center triplet loss as a loss term."""

from collections.abc import Mapping
from typing import cast

from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.losses import hetero_center_triplet
from fastreid_mm.modeling.terms import LOSS_REGISTRY, SCALE, Labels, LossTerm
from fastreid_mm.modeling.terms.host import over_parts


@LOSS_REGISTRY.register()
class HeteroCenterTriplet(LossTerm):
    """The triplet loss on centers of identities, of the whole feature and of its parts.

    Args:
        part_scale: weight of the losses on each part, summed; 0 needs no parts.
        options: ``scale``, the weight of the loss on the features that are compared, and the ``margin`` of
            :func:`hetero_center_triplet`.
    """

    formula = staticmethod(hetero_center_triplet)
    needs_modalities = compares_identities = compares_modalities = True

    def __init__(self, part_scale: float = 0.0, **options) -> None:
        super().__init__(**options)
        self.part_scale = part_scale
        self.needs = ("features", "part_features") if part_scale else ("features",)

    def forward(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        found = self.scale * self._of(outputs["features"], labels)
        if self.part_scale:
            parts = over_parts(lambda part: self._of(part, labels), outputs["part_features"])
            found = found + self.part_scale * parts
        return found

    def _of(self, features: Tensor, labels: Labels) -> Tensor:
        return hetero_center_triplet(features, labels.targets, cast(Tensor, labels.modalities), **self.options)


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.LOSSES.HETERO_CENTER_TRIPLET``."""
    add_keys(
        cfg,
        "MODEL.LOSSES.HETERO_CENTER_TRIPLET",
        {
            "SCALE": SCALE,
            "PART_SCALE": Key(0.0, "Weight of the same loss on each part, summed.", least=0, when="training"),
            "MARGIN": Key(0.3, "Its margin (a reading of CMT, whose eq. 11 gives it no value).", when="training"),
        },
    )
