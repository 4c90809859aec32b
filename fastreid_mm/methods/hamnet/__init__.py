"""HAMNet: Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version)."""

from fastreid_mm.methods.hamnet.head import HAMNet, HAMNetHead
from fastreid_mm.methods.hamnet.losses import HeterogeneousScoreCoherence, add_config

__all__ = ["HAMNet", "HAMNetHead", "HeterogeneousScoreCoherence", "add_config"]
