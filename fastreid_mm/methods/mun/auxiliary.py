"""The source of MUN's auxiliary modality, which ``MODEL.MUN.AUXILIARY`` names (section 3.1 and table 2)."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import AuxiliaryGenerator
from fastreid_mm.layers.cross_modality_learner import require_divisible
from fastreid_mm.methods.mun.config import IMAGE_AUXILIARIES
from fastreid_mm.modeling.backbones import TwoStreamResNet
from fastreid_mm.modeling.backbones.token_stages import TokenGrid


def build_auxiliary(cfg: CfgNode, backbone: TwoStreamResNet) -> nn.Module:
    """Build the auxiliary generator or one of :data:`IMAGE_AUXILIARIES`.

    Raises:
        InputError: pooling ratios or groups do not divide the maps or their channels.
    """
    name, grid = cfg.MODEL.MUN.AUXILIARY, backbone.grid
    if name in IMAGE_AUXILIARIES:
        return IMAGE_AUXILIARIES[name]()
    ratios, groups = cfg.MODEL.MUN.RATIOS, cfg.MODEL.MUN.TR_GROUPS
    if not ratios:
        raise InputError("MODEL.MUN.RATIOS () has no ratio, the generator needs one")
    if backbone.specific_dim % groups:
        raise InputError(f"MODEL.MUN.TR_GROUPS {groups} does not divide {backbone.specific_dim} channels")
    try:
        places = backbone.specific_size(cfg.INPUT.SIZE_TRAIN)
    except ValueError as error:
        raise InputError(
            f"MODEL.MUN.AUXILIARY generator: {cfg.MODEL.BACKBONE.RESNET.NAME}: {error}; "
            f"{', '.join(IMAGE_AUXILIARIES)} make images"
        ) from None
    try:
        require_divisible(ratios, *places)
    except ValueError as error:
        raise InputError(
            f"MODEL.MUN.RATIOS: {error}, which INPUT.SIZE_TRAIN {list(cfg.INPUT.SIZE_TRAIN)} gives"
        ) from None
    if grid is None:
        return AuxiliaryGenerator(backbone.specific_dim, ratios, groups)
    return TokenGenerator(grid, backbone.specific_dim, ratios, groups)


class TokenGenerator(AuxiliaryGenerator):
    """Generator of an auxiliary modality's tokens, for a vision transformer.

    The patches are generated as maps. Tokens that are no patch have no place in them: those of the auxiliary modality
    are the mean of both modalities' (a reading).

    Args:
        grid: the places of the tokens.
        options: see :class:`AuxiliaryGenerator`.
    """

    def __init__(self, grid: TokenGrid, *options) -> None:
        super().__init__(*options)
        self.grid = grid

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """(B, P + N, C) tokens of both modalities to (B, P + N, C) auxiliary ones; maps to maps."""
        if visible.ndim == 4:  # the last specific stage is the last of all
            return super().forward(visible, infrared)
        maps = super().forward(self.grid.maps(visible), self.grid.maps(infrared))
        prefix = (visible + infrared)[:, : self.grid.prefix] / 2
        return self.grid.tokens(prefix, maps)


@contextmanager
def running_statistics_kept(model: nn.Module) -> Iterator[None]:
    """Keep the batches in this block out of the running statistics of BatchNorm."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
