"""A network of timm with stages, such as Swin or ConvNeXt, in the place of a vision transformer."""

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.backbones.network import (
    create_staged,
    dropouts,
    load_network,
    require_one_size,
    require_possible,
)
from fastreid_mm.modeling.backbones.pretrained import logger, read_state_dict
from fastreid_mm.modeling.backbones.stages import output_shape, split
from fastreid_mm.modeling.backbones.token_encoder import TokenEncoder
from fastreid_mm.modeling.backbones.token_stages import TokenGrid

KEY = "MODEL.BACKBONE.VIT.NAME"
SIZES = ("PATCH_SIZE", "EMBED_DIM", "DEPTH", "NUM_HEADS")
"""Keys under ``MODEL.BACKBONE.VIT`` that a plain ViT alone has."""


class HierarchicalEncoder(TokenEncoder):
    """The places of the stem's maps are the tokens, and the mean of the last maps is the feature.

    Args:
        network: of one of timm's families that :func:`split` knows, without classifier.
        size: (height, width) of the images.
        pretrained: whether the weights are pretrained rather than random.
        checkpointing: whether training keeps what is between stages alone, and computes each stage once more for its
            gradients.
    """

    prefix_tokens = 0

    def __init__(
        self, network: nn.Module, size: tuple[int, int], pretrained: bool = False, checkpointing: bool = False
    ) -> None:
        super().__init__()
        stages = split(network)
        self.stem, self.stages = stages.pop("stem"), nn.Sequential(stages)
        shape = output_shape(self.stem, size)
        self.grid = TokenGrid(0, *shape[1:]) if len(shape) == 3 else None
        """The places of the tokens, which enter the first stage as maps; None if they enter it as tokens."""
        self.token_dim = shape[0] if len(shape) == 3 else shape[-1]
        self.dim = output_shape(nn.Sequential(self.stem, self.stages), size)[0]
        self._pretrained, self.checkpointing = pretrained, checkpointing

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters with pretrained weights: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def tokens(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalized images to the (B, N, token_dim) places of the stem's maps, row by row."""
        found = self.stem(images)
        return found if self.grid is None else found.flatten(2).transpose(1, 2)

    def encode(self, tokens: Tensor) -> Tensor:
        """(B, N, token_dim) tokens to the (B, N', D) places of the last maps, row by row."""
        found = tokens if self.grid is None else self.grid.maps(tokens)
        for stage in self.stages:
            if self.checkpointing and self.training:
                found = cast(Tensor, checkpoint(stage, found, use_reentrant=False))
            else:
                found = stage(found)
        return found.flatten(2).transpose(1, 2)

    def feature(self, tokens: Tensor) -> Tensor:
        """(B, N', D) encoded tokens to their (B, D) mean."""
        return tokens.mean(1)


def build_hierarchical(cfg: CfgNode) -> HierarchicalEncoder:
    """Build the network with stages that ``MODEL.BACKBONE.VIT.NAME`` names, at ``INPUT.SIZE_TRAIN``.

    Raises:
        InputError: the name is of no known family, keys are of plain ViTs, the network cannot take such images, or the
            weights do not fit.
    """
    backbone, options, size = cfg.MODEL.BACKBONE, cfg.MODEL.BACKBONE.VIT, tuple(cfg.INPUT.SIZE_TRAIN)
    require_one_size(cfg)
    path = backbone.PRETRAIN_PATH if backbone.PRETRAIN else ""
    dropped = {name: rate for name, rate in dropouts(cfg).items() if rate}
    network = create_staged(options.NAME, KEY, size, backbone.PRETRAIN and not path, **dropped)
    for key in SIZES:
        if options[key]:
            raise InputError(f"MODEL.BACKBONE.VIT.{key} {options[key]}: {options.NAME} has its own size, use 0")
    stride = f"MODEL.BACKBONE.STRIDE_SIZE {tuple(backbone.STRIDE_SIZE)}"
    logger.info(f"{stride} has no effect on {options.NAME}, which has its own patches")
    if path:
        load_network(network, read_state_dict(path, network.state_dict()), path)
    counts = any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules())
    if options.GRAD_CHECKPOINTING and counts:
        raise InputError(
            f"MODEL.BACKBONE.VIT.GRAD_CHECKPOINTING: the BatchNorm of {options.NAME} would count every batch twice"
        )
    require_possible(network, size, f"{KEY} {options.NAME}")
    return HierarchicalEncoder(network, size, backbone.PRETRAIN, options.GRAD_CHECKPOINTING)
