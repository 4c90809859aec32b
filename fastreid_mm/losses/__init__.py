"""The methods' losses, in plain PyTorch: one formula a file, usable in any training loop."""

from fastreid_mm.losses.center import center_loss, hetero_center
from fastreid_mm.losses.modality_aware_center import modality_aware_center
from fastreid_mm.losses.weighted_regularized_triplet import weighted_regularized_triplet

__all__ = ["center_loss", "hetero_center", "modality_aware_center", "weighted_regularized_triplet"]
