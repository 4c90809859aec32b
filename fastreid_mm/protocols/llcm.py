"""The LLCM protocol: both directions, ten galleries drawn with a seed, identity-level CMC.

As the set's own code has it, https://github.com/ZYK100/LLCM.
"""

import numpy as np
from torch import Tensor

from fastreid_mm.evaluation.llcm import RANKS, RULE, drawn_columns, evaluate_llcm
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance
from fastreid_mm.protocols.evaluator import RetrievalEvaluator, field
from fastreid_mm.protocols.registry import register


@register("llcm")
class LLCMEvaluator(RetrievalEvaluator):
    """All test images of one modality are queries; an image of each identity under each camera is the gallery.

    Images of the query's identity under the camera of the same number do not count.
    """

    ranks = RANKS
    rule = RULE
    unique_ids = True
    gallery_source = "seeded draw"

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nn + Nv, D) features, near infrared first, to the two directions."""
        return evaluate_llcm(*self.sides(features), distance, self.ranks, self.measure_of)

    def shown_gallery(self) -> np.ndarray:
        """The gallery of the first trial."""
        return drawn_columns(field(self.gallery, 1), field(self.gallery, 2), 0)
