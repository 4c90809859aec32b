"""AGW as a baseline, without its non-local blocks.

Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook", TPAMI 2021,
https://arxiv.org/abs/2001.04193
"""

import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import GeM, bn_neck, identity_classifier
from fastreid_mm.losses import weighted_regularized_triplet
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.config_checks import label_smoothing
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments


@META_ARCH_REGISTRY.register()
class AGW(ReIDModel):
    """A two-stream ResNet with GeM pooling and a BNNeck.

    The losses are ``loss_id`` on features after the neck and ``loss_wrt`` on features before it. The feature of an
    image is the one after the neck; compare by cosine.

    Args:
        backbone: turns images and modalities into maps.
        num_classes: how many identities there are in training.
        label_smoothing: label smoothing of ``loss_id``.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    compares_identities = True
    training_only = ("classifier.",)

    @configurable
    def __init__(
        self,
        *,
        backbone: TwoStreamResNet,
        num_classes: int,
        label_smoothing: float,
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        self.backbone, self.label_smoothing = backbone, label_smoothing
        self.pool = GeM(p=3.0)
        self.neck = bn_neck(backbone.dim)
        self.classifier = identity_classifier(backbone.dim, num_classes)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        return shared_arguments(cfg) | {
            "backbone": build_two_stream(cfg),
            "num_classes": cfg.MODEL.HEADS.NUM_CLASSES,
            "label_smoothing": label_smoothing(cfg),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to (B, D) features.
        """
        modalities = self.modalities_of(batch)
        before = self.pool(self.backbone(self.normalize(batch["images"]), modalities))  # (B, D)
        feature = self.neck(before)
        if not self.training:
            return feature
        before, feature, targets = global_batch(before, feature, batch["targets"].to(self.device))
        return {
            "loss_id": F.cross_entropy(self.classifier(feature), targets, label_smoothing=self.label_smoothing),
            "loss_wrt": weighted_regularized_triplet(before, targets),
        }
