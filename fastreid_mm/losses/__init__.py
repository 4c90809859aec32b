"""The methods' losses in plain PyTorch, one formula a file, for any training loop."""

from fastreid_mm.losses.batch_hard_triplet import batch_hard_triplet
from fastreid_mm.losses.center import center_loss, hetero_center
from fastreid_mm.losses.cross_entropy import smoothed_cross_entropy
from fastreid_mm.losses.cross_modal_focal import cross_modal_focal
from fastreid_mm.losses.hetero_center_triplet import hetero_center_triplet
from fastreid_mm.losses.heterogeneous_score_coherence import heterogeneous_score_coherence
from fastreid_mm.losses.identity_alignment import identity_alignment
from fastreid_mm.losses.maximum_mean_discrepancy import maximum_mean_discrepancy
from fastreid_mm.losses.modality_aware_center import modality_aware_center
from fastreid_mm.losses.modality_consistency import modality_consistency
from fastreid_mm.losses.modulation_discriminative import modulation_discriminative
from fastreid_mm.losses.multi_modal_margin import multi_modal_margin
from fastreid_mm.losses.pixel_position_aware import pixel_position_aware
from fastreid_mm.losses.weighted_regularized_triplet import weighted_regularized_triplet

__all__ = [
    "batch_hard_triplet",
    "center_loss",
    "cross_modal_focal",
    "hetero_center",
    "hetero_center_triplet",
    "heterogeneous_score_coherence",
    "identity_alignment",
    "maximum_mean_discrepancy",
    "modality_aware_center",
    "modality_consistency",
    "modulation_discriminative",
    "multi_modal_margin",
    "pixel_position_aware",
    "smoothed_cross_entropy",
    "weighted_regularized_triplet",
]
