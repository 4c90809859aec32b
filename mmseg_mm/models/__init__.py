"""Model of RGB-D and RGB-T salient object detection."""

from mmseg_mm.models.data_preprocessor import RGBDDataPreProcessor, RGBTDataPreProcessor
from mmseg_mm.models.losses import CrossModalFocalLoss, PixelPositionAwareLoss
from mmseg_mm.models.mutual_former_head import MutualFormerHead
from mmseg_mm.models.mutual_former_segmentor import MutualFormerSegmentor
from mmseg_mm.models.pretrained_init import FoundPretrainedInit
from mmseg_mm.models.saliency_tta import SaliencyTTAModel

__all__ = [
    "CrossModalFocalLoss",
    "FoundPretrainedInit",
    "MutualFormerHead",
    "MutualFormerSegmentor",
    "PixelPositionAwareLoss",
    "RGBDDataPreProcessor",
    "RGBTDataPreProcessor",
    "SaliencyTTAModel",
]
