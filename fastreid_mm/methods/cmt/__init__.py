"""CMT: Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022.

The paper has no arXiv version.
"""

from fastreid_mm.methods.cmt.config import add_config
from fastreid_mm.methods.cmt.head import CMT, CMTHead
from fastreid_mm.methods.cmt.losses import ModalityConsistency, ModulationDiscriminative

__all__ = ["CMT", "CMTHead", "ModalityConsistency", "ModulationDiscriminative", "add_config"]
