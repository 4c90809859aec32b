"""The LLCM protocol: both directions, ten galleries drawn with a seed, identity-level CMC.

As the set's own code has it, https://github.com/ZYK100/LLCM.
"""

import numpy as np
from torch import Tensor

from fastreid_mm.evaluation.llcm import TRIALS, drawn_columns
from fastreid_mm.evaluation.results import Metrics, Settings, mean_results
from fastreid_mm.protocols.evaluator import Distance, RetrievalEvaluator, field
from fastreid_mm.protocols.registry import register


@register("llcm")
class LLCMEvaluator(RetrievalEvaluator):
    """All test images of one modality are queries; an image of each identity under each camera is the gallery.

    Images of the query's identity under the camera of the same number do not count.
    """

    rule = "market"
    unique_ids = True
    gallery_source = "seeded draw"

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nn + Nv, D) features, near infrared first, to the two directions."""
        infrared, visible = self.split(features)
        # a model's own distance need not be symmetric, so the second direction is computed anew
        return {
            "infrared_to_visible": self._mean(distance(infrared, visible), self.query, self.gallery),
            "visible_to_infrared": self._mean(distance(visible, infrared), self.gallery, self.query),
        }

    def _mean(self, distance: Tensor, query: list[tuple], gallery: list[tuple]) -> Metrics:
        """Metrics averaged over the trials."""
        ids, cameras = field(gallery, 1), field(gallery, 2)  # the set lists an identity's files by name
        found = [self.measure(distance, query, gallery, drawn_columns(ids, cameras, trial)) for trial in range(TRIALS)]
        return mean_results([{self.name: {"mean": metrics}} for metrics in found])[0][self.name]["mean"]

    def shown_gallery(self) -> np.ndarray:
        """The gallery of the first trial."""
        return drawn_columns(field(self.gallery, 1), field(self.gallery, 2), 0)
