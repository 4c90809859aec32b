"""A vision transformer of timm with overlapping patches, as in TransReID and CMTR.

TransReID: https://arxiv.org/abs/2102.04378; CMTR: https://arxiv.org/abs/2110.08994
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import timm
import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.modeling.backbones.adapters import adapt
from fastreid_mm.modeling.backbones.first_attended import first_attended
from fastreid_mm.modeling.backbones.hierarchical import build_hierarchical
from fastreid_mm.modeling.backbones.network import dropouts, require_one_size
from fastreid_mm.modeling.backbones.plain_vit import PlainViT, create_overlapping, create_vit, is_plain, rotations
from fastreid_mm.modeling.backbones.positions import fit_positions
from fastreid_mm.modeling.backbones.pretrained import KEY, load_matching, read_state_dict, require_download
from fastreid_mm.modeling.backbones.token_encoder import TokenEncoder


class _Attention(Protocol):
    """The attention modules of timm's blocks."""

    fused_attn: bool
    attn_drop: nn.Module


class ReIDViT(TokenEncoder):
    """Splits the forward pass of timm in two, so that a method can add to the tokens before the blocks.

    Args:
        vit: a plain vision transformer of timm, without classifier. Before its patches there may be tokens that are
            none: a class token, DeiT's distillation token, registers. P is how many there are.
        checkpointing: whether training keeps the tokens between blocks alone, and computes each block once more for its
            gradients.
    """

    def __init__(self, vit: PlainViT, checkpointing: bool = False) -> None:
        super().__init__()
        self.vit, self.checkpointing = vit, checkpointing
        self.dim, self.token_dim, self.prefix_tokens = vit.embed_dim, vit.embed_dim, vit.num_prefix_tokens
        normalized = vit.global_pool in ("token", "avg") and not isinstance(vit.norm, nn.Identity)
        self.class_token = vit.cls_token is not None and (normalized or vit.global_pool == "token")
        """True if the feature of an image is its class token."""
        self._pretrained: frozenset[str] = frozenset()

    def load_file(self, path: str) -> None:
        """Load weights from a file, ``.npz`` (the ViT authors' own) or what :func:`read_state_dict` reads.

        Raises:
            InputError: the file cannot be read, or the weights do not fit.
        """
        if not path.endswith(".npz"):
            self.load_pretrained(read_state_dict(path, self.vit.state_dict()), path)
            return
        if not Path(path).is_file():
            raise InputError(f"{KEY}: {path} does not exist")
        try:
            cast(Any, self.vit).load_pretrained(path)  # resizes as load_pretrained below does
        except Exception as error:  # missing names and wrong shapes raise KeyError, AssertionError and others
            raise InputError(f"{KEY}: weights of {path} do not fit the network: {first_line(error)}") from None
        self._pretrained = frozenset(self.vit.state_dict())

    def load_pretrained(self, state: dict[str, Tensor], source: str) -> None:
        """Load ImageNet weights, with position embeddings resized to the grid of this network as in TransReID.

        Raises:
            InputError: the weights do not fit.
        """
        self._pretrained = load_matching(self.vit, fit_positions(self.vit, state, source), source)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters with pretrained weights."""
        return (value for name, value in self.vit.named_parameters() if name in self._pretrained)

    def tokens(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalized images to (B, P + N, D) tokens with position embeddings, the class token first."""
        found = self.vit._pos_embed(self.vit.patch_embed(images))
        return found[0] if isinstance(found, tuple) else found

    def encode(self, tokens: Tensor) -> Tensor:
        """(B, P + N, D) tokens to (B, P + N, D), through all blocks and the final norm of ``forward_features``."""
        return self.vit.norm(self._through(tokens, len(self.vit.blocks)))

    def encode_feature(self, tokens: Tensor) -> Tensor:
        """(B, P + N, D) tokens to the (B, D) feature of each image, equal to ``feature(encode(tokens))``.

        If it is the class token, the last block computes that token alone, as nothing needs the others; but in training
        it computes all of them if it has dropout, whose random numbers would be others.
        """
        last = self.vit.blocks[-1]
        if not (self.class_token and type(last) is Block) or (self.training and _drops(last)):
            return self.feature(self.encode(tokens))
        tokens = self._through(tokens, len(self.vit.blocks) - 1)
        attended = tokens[:, :1] + last.drop_path1(last.ls1(first_attended(last.attn, last.norm1(tokens))))
        return self.feature(self.vit.norm(attended + last.drop_path2(last.ls2(last.mlp(last.norm2(attended))))))

    def _through(self, tokens: Tensor, count: int) -> Tensor:
        tokens = self.vit.norm_pre(tokens)
        rope, of_each = getattr(self.vit, "rope", None), getattr(self.vit, "rope_mixed", False)
        positions_of_each = rotations(rope, len(self.vit.blocks), of_each)
        for block, positions in zip(self.vit.blocks[:count], positions_of_each):
            if self.checkpointing and self.training:
                tokens = cast(Tensor, checkpoint(block, tokens, use_reentrant=False, **positions))
            else:
                tokens = block(tokens, **positions)
        return tokens

    def feature(self, tokens: Tensor) -> Tensor:
        """(B, P + N, D) encoded tokens to the (B, D) feature of each image.

        It is the class token, as in CMTR, if the network normalizes it, and otherwise what timm pools of the patches:
        their mean (EVA-02, SigLIP's ``gap`` networks) or SigLIP's attention.
        """
        return tokens[:, 0] if self.class_token else self.vit.forward_head(tokens, pre_logits=True)

    @torch.no_grad()
    def attention_maps(self, tokens: Tensor) -> list[Tensor]:
        """Compute the (B, heads, P + N, P + N) attention of all blocks for (B, P + N, D) tokens; their rows sum to one.

        This takes timm's explicit attention, since the fused kernel never forms the map; call it in eval mode.
        """
        maps: list[Tensor] = []
        layers = [cast(_Attention, block.attn) for block in self.vit.blocks]
        fused = [layer.fused_attn for layer in layers]
        handles = [layer.attn_drop.register_forward_hook(lambda _, __, output: maps.append(output)) for layer in layers]
        try:
            for layer in layers:
                layer.fused_attn = False
            self.encode(tokens)
        finally:
            for layer, before, handle in zip(layers, fused, handles):
                layer.fused_attn = before
                handle.remove()
        return maps


def _drops(network: nn.Module) -> bool:
    return any(isinstance(module, nn.Dropout) and module.p > 0 for module in network.modules())


@BACKBONE_REGISTRY.register()
def build_timm_vit_backbone(cfg: CfgNode) -> TokenEncoder:
    """Build the network that ``MODEL.BACKBONE.VIT`` names, a plain ViT or one with stages.

    ``MODEL.BACKBONE.PRETRAIN`` loads timm's weights of that name, or the file ``MODEL.BACKBONE.PRETRAIN_PATH``.

    Raises:
        InputError: the name is unknown or of no known family, the test size is not the training size, or the weights
            do not fit.
    """
    name = cfg.MODEL.BACKBONE.VIT.NAME
    staged = timm.is_model(name) and not is_plain(name)
    model = build_hierarchical(cfg) if staged else _build_plain(cfg)
    adapt(model, cfg)
    return model


def _build_plain(cfg: CfgNode) -> ReIDViT:
    """Build a plain ViT at ``INPUT.SIZE_TRAIN`` and ``MODEL.BACKBONE.STRIDE_SIZE``."""
    backbone, vit = cfg.MODEL.BACKBONE, cfg.MODEL.BACKBONE.VIT
    require_one_size(cfg)
    sizes = {"patch_size": vit.PATCH_SIZE, "embed_dim": vit.EMBED_DIM, "depth": vit.DEPTH, "num_heads": vit.NUM_HEADS}
    model = ReIDViT(
        create_overlapping(
            vit.NAME,
            size=tuple(cfg.INPUT.SIZE_TRAIN),
            stride=tuple(backbone.STRIDE_SIZE),
            **dropouts(cfg),
            **{name: size for name, size in sizes.items() if size},
        ),
        vit.GRAD_CHECKPOINTING,
    )
    if backbone.PRETRAIN and backbone.PRETRAIN_PATH:
        model.load_file(backbone.PRETRAIN_PATH)
    elif backbone.PRETRAIN:
        require_download("MODEL.BACKBONE.VIT.NAME", vit.NAME)
        model.load_pretrained(create_vit(vit.NAME, pretrained=True).state_dict(), vit.NAME)
    return model
