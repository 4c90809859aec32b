"""CMTR's network: one vision transformer for both modalities, which learnable modality embeddings tell apart."""

from typing import cast

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import ModalityEmbedding
from fastreid_mm.modeling.backbones import ReIDViT
from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.backbones.token_encoder import TokenEncoder
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel, composed_arguments


@META_ARCH_REGISTRY.register()
class CMTR(ComposedModel):
    """A ViT whose tokens get the embedding of their image's modality (eq. 1 and 2).

    The head gets the class token as a map of one place, as fast-reid's own ViT gives it. A network with stages has none
    (a reading): embeddings are added to all places of the first maps, and the feature is the mean of the last ones.

    Args:
        embedding: adds the modality embeddings; None leaves them out (table 3, "BASE").
        composed: see :class:`ComposedModel`; its backbone turns images into tokens, and encodes them.
    """

    provides: tuple[str, ...] = ("maps", "modalities", "modality_embeddings")

    @configurable
    def __init__(self, *, embedding: ModalityEmbedding | None, **composed) -> None:
        if embedding is None:
            self.provides = ("maps", "modalities")
        super().__init__(**composed)
        self.embedding = embedding

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        options = cfg.MODEL.CMTR
        backbone = build_required(cfg, TokenEncoder, "build_timm_vit_backbone")
        embedding = None
        if options.MODALITY_EMBEDDING:
            unmarked = 0 if options.EMBED_CLASS_TOKEN else backbone.prefix_tokens
            embedding = ModalityEmbedding(backbone.token_dim, prefix_tokens=unmarked)
        cfg = cfg.clone()
        cfg.defrost()
        cfg.MODEL.BACKBONE.TOKEN_DIM = backbone.token_dim
        arguments = composed_arguments(cfg, backbone, backbone.dim, lambda size: (1, 1), cls.provides)
        return arguments | {"embedding": embedding}

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """See :class:`ComposedModel`: ``maps (B, D, 1, 1)``, ``modalities (B,)``, ``modality_embeddings (2, E)``.

        The width E is that of the first tokens: D, but for networks with stages.
        """
        modalities = self.modalities_of(batch)
        found = {"maps": self.encode(batch["images"], modalities)[..., None, None], "modalities": modalities}
        if self.embedding is not None:
            found["modality_embeddings"] = self.embedding.weight
        return found | self.labels_of(batch)

    @property
    def remark(self) -> str:
        """The distance and the lengths of the vectors that stand for the modalities in a feature."""
        removal = getattr(self.heads, "removal", None)
        if removal is None or self.embedding is None:
            return ""
        with torch.no_grad():
            visible, infrared = removal.mapped(self.embedding.weight)
            apart, *lengths = (vector.norm().item() for vector in (visible - infrared, visible, infrared))
        return f"mapped modality embeddings are {apart:.3f} apart, {lengths[0]:.3f} and {lengths[1]:.3f} long"

    def encode(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) images and (B,) modalities to (B, D) class tokens (eq. 1 and 2), or what stands for them.

        See :meth:`ReIDViT.encode_feature` and :class:`HierarchicalEncoder`.
        """
        backbone = cast(TokenEncoder, self.backbone)
        return backbone.encode_feature(self._tokens(images, modalities))

    def attention_maps(self, images: Tensor, modalities: Tensor) -> list[Tensor]:
        """Compute the attention maps of every block, (B, heads, P + N, P + N) each; call it in eval mode.

        Raises:
            InputError: the network has stages, whose attention is not of all tokens to all.
        """
        if not isinstance(self.backbone, ReIDViT):
            raise InputError("attention: a network with stages has none of all tokens to all")
        return self.backbone.attention_maps(self._tokens(images, modalities))

    def _tokens(self, images: Tensor, modalities: Tensor) -> Tensor:
        tokens = cast(TokenEncoder, self.backbone).tokens(self.normalize(images))
        return tokens if self.embedding is None else self.embedding(tokens, modalities.to(self.device))
