"""The SYSU-MM01 protocol: both modes, both numbers of shots, ten galleries, one extraction."""

import logging
from pathlib import Path

import numpy as np
from fastreid.data.datasets.bases import ImageDataset
from fastreid.utils.logger import log_first_n
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import require_choice
from fastreid_mm.data.datasets.sysu_mm01 import image_number
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.sysu_mm01 import evaluate_sysu
from fastreid_mm.evaluation.sysu_splits import Permutation, gallery_source, read_permutation
from fastreid_mm.protocols.evaluator import Distance, RetrievalEvaluator, field
from fastreid_mm.protocols.registry import register


@register("sysu")
class SYSUEvaluator(RetrievalEvaluator):
    """Draws galleries as ``TEST.SYSU.GALLERY`` says.

    Raises:
        InputError: an unknown value, or no official permutation where it is asked for.
    """

    rule = "sysu"

    def __init__(self, cfg: CfgNode, dataset: ImageDataset) -> None:
        super().__init__(cfg, dataset)
        choice = cfg.TEST.SYSU.GALLERY
        require_choice("TEST.SYSU.GALLERY", choice, ("auto", "official", "seeded"))
        path = dataset.permutation_file
        official = choice == "official" or (choice == "auto" and Path(path).is_file())
        self._permutation = read_permutation(path) if official else None
        self.gallery_source = gallery_source(self._permutation)
        if self._permutation is not None:
            self._warn_of_undrawn(self._permutation, path)
        if dataset.split != "test":
            self.gallery_source += f" of {dataset.split} identities"

    def _warn_of_undrawn(self, permutation: Permutation, path: str) -> None:
        """Say which images of the gallery the permutation does not number, so that they are in no gallery."""
        numbered = {(*key, int(number)) for key, rows in permutation.items() for number in np.unique(rows)}
        undrawn = [
            image for image, pid, camera, *_ in self.gallery if (camera, pid, image_number(image)) not in numbered
        ]
        if undrawn:
            log_first_n(
                logging.WARNING,
                f"{path} does not number {len(undrawn)} images, which are in no gallery, the first: {undrawn[0]}",
                name="fastreid.mm",
                key="message",
            )

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nq + Ng, D) features, query first, to the four settings."""
        query, gallery = self.split(features)
        numbers = np.array([image_number(item[0]) for item in self.gallery])
        matrix = distance(query, gallery)
        return evaluate_sysu(
            matrix,
            field(self.query, 1),
            field(self.query, 2),
            field(self.gallery, 1),
            field(self.gallery, 2),
            numbers,
            self._permutation,
            ranks=self.ranks,
            measure=self.measure_of(matrix),
        )

    def shown_gallery(self) -> np.ndarray:
        """The first image of every identity and camera, as many as a single-shot gallery holds."""
        _, first = np.unique(np.stack([field(self.gallery, 1), field(self.gallery, 2)]), axis=1, return_index=True)
        return first
