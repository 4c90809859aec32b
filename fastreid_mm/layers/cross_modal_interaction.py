"""IEEE's cross-modal interacting module (CIM).

Wang et al., "Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person
Re-identification", AAAI 2022, section "Cross-Modal Interacting Module", eq. 1 and 2,
https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

import torch
from torch import Tensor, nn

from fastreid_mm.layers.shapes import present_modalities, require_shapes


class CrossModalInteraction(nn.Module):
    """Interaction that adds to each modality's maps what the other modalities show, weighted channel by channel.

        f_boost = CA(f) f + f,    f_inter = conv(x_m) + f_boost,    f = conv(sum_(n != m) x_n)

    with the map x_m of modality m, 1 x 1 convolutions and the channel attention CA of CBAM
    (https://arxiv.org/abs/1807.06521). Each modality has layers of its own, and all take the maps as they come in: this
    is how the released code reads that the interaction is "repeated K = 3 times".

    Args:
        channels: C of the maps.
        num_modalities: how many modalities M there are, two or more.
        reduction: C over the hidden channels of the channel attention.

    Raises:
        ValueError: fewer than two modalities.

    Examples:
        >>> interaction = CrossModalInteraction(64, num_modalities=3)
        >>> interaction(torch.rand(2, 3, 64, 16, 8)).shape
        torch.Size([2, 3, 64, 16, 8])
    """

    def __init__(self, channels: int, num_modalities: int = 3, reduction: int = 16) -> None:
        super().__init__()
        if num_modalities < 2:
            raise ValueError(f"{num_modalities} modality has no other to interact with")
        self._axes = f"B {num_modalities} {channels} H W"
        self.own = nn.ModuleList(pointwise_conv(channels, channels) for _ in range(num_modalities))
        self.others = nn.ModuleList(pointwise_conv(channels, channels) for _ in range(num_modalities))
        self.attention = nn.ModuleList(_ChannelAttention(channels, reduction) for _ in range(num_modalities))

    def forward(self, maps: Tensor, present: Tensor | None = None) -> Tensor:
        """Add to (B, M, C, H, W) maps what the other modalities show, and keep the shape.

        Args:
            maps: one for each modality; those of missing modalities must be zero.
            present: (B, M) bool, the modalities that a sample has; None for all. A sum over fewer other modalities is
                scaled up to the size of the full one. A modality without any other gets no boost.

        Raises:
            ValueError: the shapes do not go together, or a sample has no modality.
        """
        require_shapes(maps=(maps, self._axes))
        # All samples side by side in one wide image: the convolutions are then single products of matrices.
        wide = [x.transpose(0, 1).flatten(2)[None].contiguous() for x in maps.unbind(1)]  # (1, C, B, H * W) each
        if present is not None:
            present = present_modalities(present, maps)
            count = present.sum(1, keepdim=True) - present.long()  # (B, M) other modalities that are present
            enlarged = (present.shape[1] - 1) / count.clamp(min=1)
        results = []
        for index, x in enumerate(wide):
            rest = sum(wide[:index] + wide[index + 1 :])
            if present is not None:
                rest = rest * enlarged[:, index, None]
            feature = self.others[index](rest)
            weight = self.attention[index](feature) + 1
            if present is not None:
                weight = weight * (count[:, index] > 0)[:, None]
            boosted = torch.addcmul(self.own[index](x), weight, feature)
            results.append(boosted[0].transpose(0, 1))  # (B, C, H * W)
        return torch.stack(results, dim=1).unflatten(3, maps.shape[3:])


def pointwise_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Make a 1 x 1 convolution without bias, a BatchNorm and a ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
    )


class _ChannelAttention(nn.Module):
    """Weight between 0 and 1 for every channel (CBAM: Woo et al., ECCV 2018, eq. 2)."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )

    def forward(self, wide: Tensor) -> Tensor:
        """Weigh the channels of each sample of (1, C, B, N) maps, (1, C, B, 1)."""
        mean, peak = (pooled[0].T[..., None, None] for pooled in (wide.mean(3), wide.amax(3)))  # (B, C, 1, 1)
        return (self.mlp(mean) + self.mlp(peak)).sigmoid().flatten(1).T[None, ..., None]
