"""CMTR, the cross-modality transformer.

Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021,
https://arxiv.org/abs/2110.08994
"""

import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.layers import ModalityEmbedding, bn_neck, identity_classifier
from fastreid_mm.losses import weighted_regularized_triplet
from fastreid_mm.modeling.backbones import ReIDViT
from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.config_checks import label_smoothing
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.cmtr import build_alignment
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments


@META_ARCH_REGISTRY.register()
class CMTR(ReIDModel):
    """One vision transformer for both modalities, which learnable modality embeddings tell apart.

    The losses are ``loss_id``, ``loss_wrt`` and those of the alignment head (eq. 4 and 5). The feature of an image is
    the class token after the BNNeck, from which the modality is not removed; compare by cosine.

    Args:
        backbone: turns images into tokens, and encodes them.
        embedding: adds the modality embeddings; None leaves them out (table 3, "BASE").
        alignment: head of the modality-aware enhancement loss or of a loss in its place; None for neither.
        num_classes: how many identities there are in training.
        label_smoothing: label smoothing of ``loss_id``.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    compares_identities = True
    training_only = ("classifier.", "alignment.")

    @configurable
    def __init__(
        self,
        *,
        backbone: ReIDViT,
        embedding: ModalityEmbedding | None,
        alignment: nn.Module | None,
        num_classes: int,
        label_smoothing: float,
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        self.backbone, self.label_smoothing = backbone, label_smoothing
        self.embedding = embedding
        self.neck = bn_neck(backbone.dim)
        self.classifier = identity_classifier(backbone.dim, num_classes)
        self.alignment = alignment

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        options = cfg.MODEL.CMTR
        backbone = build_required(cfg, ReIDViT, "build_timm_vit_backbone")
        embedding = None
        if options.MODALITY_EMBEDDING:
            unmarked = 0 if options.EMBED_CLASS_TOKEN else backbone.prefix_tokens
            embedding = ModalityEmbedding(backbone.dim, prefix_tokens=unmarked)
        return shared_arguments(cfg) | {
            "backbone": backbone,
            "embedding": embedding,
            "alignment": build_alignment(cfg, backbone.dim),
            "num_classes": cfg.MODEL.HEADS.NUM_CLASSES,
            "label_smoothing": label_smoothing(cfg),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to (B, D) features.
        """
        modalities = self.modalities_of(batch)
        before = self.encode(batch["images"], modalities).float()  # (B, D), "v" of eq. 1
        feature = self.neck(before)
        if not self.training:
            return feature
        targets = batch["targets"].to(self.device)
        before, feature, targets, modalities = global_batch(before, feature, targets, modalities)
        losses = {
            "loss_id": F.cross_entropy(self.classifier(feature), targets, label_smoothing=self.label_smoothing),
            "loss_wrt": weighted_regularized_triplet(before, targets),
        }
        if self.alignment is not None:
            embeddings = None if self.embedding is None else self.embedding.weight
            losses |= self.alignment(feature, targets, modalities, embeddings)
        return losses

    def encode(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) images and (B,) modalities to (B, D) class tokens (eq. 1 and 2)."""
        return self.backbone.encode(self._tokens(images, modalities))[:, 0]

    def attention_maps(self, images: Tensor, modalities: Tensor) -> list[Tensor]:
        """The attention maps of every block, (B, heads, P + N, P + N) each; call it in eval mode."""
        return self.backbone.attention_maps(self._tokens(images, modalities))

    def _tokens(self, images: Tensor, modalities: Tensor) -> Tensor:
        tokens = self.backbone.tokens(self.normalize(images))
        return tokens if self.embedding is None else self.embedding(tokens, modalities.to(self.device))
