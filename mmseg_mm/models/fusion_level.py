"""One level of MutualFormer's RGB-D encoder, which fuses the maps of two modalities (section 4.1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.choices import READINGS

DETAILS = ("none", "squeezed")
POINTWISE = ("add", "concatenate")
ARGUMENTS = ("num_heads", "depth", "variant", "stack", "epsilon", "reading", "joint_norm", "fused_self_attention")
"""Arguments of :class:`TokenFusion` that a config may set. A variant ignores those that it does not use, so that an
ablation changes a single key."""


def token_fusion(channels: int, options: Mapping[str, Any]) -> TokenFusion:
    """Build a fusion.

    Raises:
        InputError: a name is unknown, for any variant, or a value is out of range.
    """
    for name in options:
        if name not in ARGUMENTS:
            raise InputError(f"fusion has no {name!r}; there are {', '.join(ARGUMENTS)}")
    epsilon, reading = options.get("epsilon", 0.6), options.get("reading", "paper")
    if not isinstance(epsilon, int | float) or not 0 <= epsilon <= 1:
        raise InputError(f"fusion.epsilon {epsilon!r} is not in [0, 1]")
    require_choice("fusion.reading", reading, READINGS)
    try:
        return TokenFusion(channels, **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"fusion {dict(options)}: {error}") from error


class PatchFusion(nn.Module):
    """Fusion of the patches of two maps as tokens, turned back into a map by bilinear interpolation.

    One convolution without padding embeds the patches of both modalities, since only a shared one gives the number of
    parameters in the paper. The position embeddings are learned for each modality, and interpolated for maps of another
    size.

    Args:
        channels: the number of channels of the maps and of a token.
        map_size: the size (H, W) of the maps in training.
        patch_size, stride: the size and the stride of the patches.
        fusion: further arguments of :class:`TokenFusion`.

    Raises:
        InputError: the arguments of the fusion are wrong, or maps are smaller than a patch, here or in ``forward``.
    """

    def __init__(self, channels: int, map_size: tuple[int, int], patch_size: int, stride: int, **fusion) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.embed = nn.Conv2d(channels, channels, patch_size, stride)
        self._check(map_size)
        grid = [(side - patch_size) // stride + 1 for side in map_size]
        self.positions = nn.Parameter(nn.init.trunc_normal_(torch.empty(2, channels, *grid), std=0.02))
        self.fusion = token_fusion(channels, fusion)

    def forward(self, image: Tensor, depth: Tensor) -> Tensor:
        """Fuse the maps (B, C, H, W) of both modalities to one map (B, C, H, W)."""
        self._check(image.shape[-2:])
        patches = [self.embed(image), self.embed(depth)]  # (B, C, h, w) each
        grid = patches[0].shape[-2:]
        positions: Tensor = self.positions
        if positions.shape[-2:] != grid:
            positions = F.interpolate(positions, size=grid, mode="bilinear", align_corners=False)
        tokens = [(patch + position).flatten(2).mT for patch, position in zip(patches, positions)]  # (B, h * w, C) each
        fused = self.fusion(*tokens).mT.unflatten(2, grid)
        return F.interpolate(fused, size=image.shape[-2:], mode="bilinear", align_corners=False)

    def _check(self, map_size: Sequence[int]) -> None:
        if min(map_size) < self.patch_size:
            raise InputError(
                f"a map of {map_size[0]} x {map_size[1]} has no patch of {self.patch_size} x "
                f"{self.patch_size}: give larger images or a smaller patch_size"
            )


class PointwiseFusion(nn.Module):
    """Fusion of two maps at every position separately, for addition and concatenation (table 4)."""

    def __init__(self, channels: int, **fusion) -> None:
        super().__init__()
        self.fusion = token_fusion(channels, fusion)

    def forward(self, image: Tensor, depth: Tensor) -> Tensor:
        """Fuse the maps (B, C, H, W) of both modalities to one map (B, C, H, W)."""
        return self.fusion(image.flatten(2).mT, depth.flatten(2).mT).mT.unflatten(2, image.shape[-2:])


class FusionLevel(nn.Module):
    """Fused map "D" of a level.

    The paper turns 10 x 10 tokens or fewer back into a map by bilinear interpolation, and mentions no shortcut for the
    details of the encoder's maps ("none"). A shortcut without weights would not change its number of parameters;
    "squeezed" is such a shortcut, which the paper does not have. On the toy scenes (tools/benchmarks/sod_table.py,
    S-measure, seeds 1 to 3) it is better with every seed: 0.905 ± 0.014 against 0.876 ± 0.005 after 3 epochs, and
    0.970 ± 0.001 against 0.957 ± 0.004 after 8 epochs, the latter measured with a single mean and deviation of depth.
    With both, three real pairs are overfitted to an S-measure of 0.983 (configs/SOD/mutualformer_overfit.py).

    Args:
        channels: the number of channels of the maps.
        map_size: the size (H, W) of the maps in training.
        patch_size, stride: the size and the stride of the patches, which "add" and "concatenate" do not use.
        detail: "none", or "squeezed" to add the maps of both modalities to the fused one. The fused map of "add" and
            "concatenate" contains them already.
        fusion: further arguments of :class:`TokenFusion`, among them ``num_heads`` and ``variant``.

    Raises:
        InputError: ``detail`` is unknown or does not go with the variant, or :class:`PatchFusion` raises it.
    """

    def __init__(
        self, channels: int, map_size: tuple[int, int], patch_size: int, stride: int, detail: str = "none", **fusion
    ) -> None:
        super().__init__()
        require_choice("detail", detail, DETAILS)
        self.detail = detail
        variant = fusion.get("variant")
        if variant in POINTWISE and detail != "none":
            raise InputError(f"detail {detail!r} would add to variant {variant!r} the maps that it is made of")
        self.fuse: PointwiseFusion | PatchFusion
        if variant in POINTWISE:
            self.fuse = PointwiseFusion(channels, **fusion)
        else:
            self.fuse = PatchFusion(channels, map_size, patch_size, stride, **fusion)

    def forward(self, image: Tensor, depth: Tensor) -> Tensor:
        """Fuse the maps (B, C, H, W) of both modalities to one map (B, C, H, W)."""
        fused = self.fuse(image, depth)
        return fused if self.detail == "none" else fused + image + depth
