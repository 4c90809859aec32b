"""CMT's head: HCT's losses on complete representations, the consistency loss and the modulation loss.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022, sections 3.1 and
3.2 (no arXiv version).
"""

from typing import cast

from torch import Tensor

from fastreid_mm.losses import modality_consistency, modulation_discriminative
from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.modeling.heads.hct import HCTHead


class CMTHead(HCTHead):
    """HCT's head with the losses of CMT's two alignments.

    Args:
        modulation_weight: lambda, the weight of ``loss_modulation``.
        modulation_margin: margin of ``loss_modulation``.
        mining: which triplets ``loss_modulation`` takes, see :func:`modulation_discriminative`.
        distance: by which distance, see there.
        cross_triplets: compare images of different modalities only in ``loss_modulation``.
        detach_centers: let ``loss_consistency`` move the compensated features only, and not the centers.
        hct: arguments of :class:`HCTHead`.
    """

    def __init__(
        self,
        *,
        modulation_weight: float,
        modulation_margin: float,
        mining: str,
        distance: str,
        cross_triplets: bool,
        detach_centers: bool,
        **hct,
    ) -> None:
        super().__init__(**hct)
        self.modulation_weight, self.modulation_margin = modulation_weight, modulation_margin
        self.mining, self.distance, self.cross_triplets = mining, distance, cross_triplets
        self.detach_centers = detach_centers

    def forward(  # type: ignore[override]  # a module is called as what it is, never as its base
        self,
        parts: Tensor,
        complete: Tensor,
        targets: Tensor,
        modalities: Tensor,
        compensated: Tensor | None = None,
        modulation: tuple[Tensor, Tensor] | tuple[()] = (),
    ) -> dict[str, Tensor]:
        """Features to ``loss_id``, ``loss_triplet`` and, where its input is given, each of the other two.

        Args:
            parts: (B, p, d) part features of the images.
            complete: (B, p, d) complete representations.
            targets: (B,) identity labels.
            modalities: (B,) modality labels.
            compensated: (B, p, d) features of the modality that each image lacks, for ``loss_consistency``.
            modulation: (B, d) scale and (B, d) shift of each image as the query, for ``loss_modulation``.
        """
        losses = super().forward(complete, targets, modalities)
        if compensated is not None:
            losses["loss_consistency"] = self._consistency(parts, compensated, targets, modalities)
        if modulation:
            losses["loss_modulation"] = self.modulation_weight * modulation_discriminative(
                complete,
                *modulation,
                targets,
                self.modulation_margin,
                mining=self.mining,
                distance=self.distance,
                modalities=modalities if self.cross_triplets else None,
            )
        return losses

    def _consistency(self, parts: Tensor, compensated: Tensor, targets: Tensor, modalities: Tensor) -> Tensor:
        """Eq. 7 plus eq. 8: the features compensated for a modality against the centers of its images' features."""
        reference = parts.detach() if self.detach_centers else parts
        total: Tensor | int = 0
        for modality in (VISIBLE, INFRARED):
            real = modalities == modality
            total = total + modality_consistency(compensated[~real], targets[~real], reference[real], targets[real])
        return cast(Tensor, total)
