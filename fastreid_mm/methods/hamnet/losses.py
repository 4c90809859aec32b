"""HAMNet's heterogeneous score coherence loss, which MutualFormer has, too, as a loss term."""

from collections.abc import Mapping
from itertools import combinations

from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.keys import add_keys
from fastreid_mm.losses import heterogeneous_score_coherence
from fastreid_mm.modeling.terms import LOSS_REGISTRY, SCALE, Labels, LossTerm, total


@LOSS_REGISTRY.register()
class HeterogeneousScoreCoherence(LossTerm):
    """The class scores of every pair of modalities agree, see :func:`heterogeneous_score_coherence`."""

    needs = ("stream_scores",)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return total(
            heterogeneous_score_coherence(a, b) for a, b in combinations(outputs["stream_scores"].unbind(1), 2)
        )


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.LOSSES.HETEROGENEOUS_SCORE_COHERENCE``."""
    scale = SCALE._replace(default=0.001, sentence="Its weight, MutualFormer's gamma.")
    add_keys(cfg, "MODEL.LOSSES.HETEROGENEOUS_SCORE_COHERENCE", {"SCALE": scale})
