"""Overlapping patches for a vision transformer.

He et al., "TransReID: Transformer-based Object Re-Identification", ICCV 2021, section 3.1,
https://arxiv.org/abs/2102.04378; CMTR takes them over, https://arxiv.org/abs/2110.08994
"""

from torch import Tensor, nn

from fastreid_mm.layers.shapes import require_shapes


class OverlapPatchEmbed(nn.Module):
    """Patches of an image whose stride may be smaller than their size, each projected to a token.

    An image of H x W gives N = ((H - P) // S + 1) ((W - P) // S + 1) tokens for patches of side P and stride S. The
    arguments are those of timm's patch embedding, for the ``embed_layer`` of its vision transformers.

    Args:
        img_size: (H, W) in pixels.
        patch_size: P in pixels.
        in_chans: channels of the image.
        embed_dim: channels of a token.
        bias: whether the projection has a bias.
        stride: S, (vertical, horizontal) in pixels; the patch size if None.

    Raises:
        ValueError: the image is smaller than a patch.

    Examples:
        >>> import torch
        >>> embed = OverlapPatchEmbed((256, 128), patch_size=16, stride=(8, 8), embed_dim=64)
        >>> embed(torch.rand(2, 3, 256, 128)).shape
        torch.Size([2, 465, 64])
    """

    def __init__(
        self,
        img_size: tuple[int, int] = (256, 128),
        patch_size: int = 16,
        in_chans: int = 3,
        embed_dim: int = 768,
        bias: bool = True,
        stride: tuple[int, int] | None = None,
        **_: object,
    ) -> None:
        super().__init__()
        stride = stride or (patch_size, patch_size)
        if min(img_size) < patch_size:
            raise ValueError(f"image of {img_size[0]} x {img_size[1]} is smaller than a patch of {patch_size}")
        self.img_size = tuple(img_size)
        self.patch_size = (patch_size, patch_size)
        self.grid_size = tuple((size - patch_size) // step + 1 for size, step in zip(img_size, stride))
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        self.proj = nn.Conv2d(in_chans, embed_dim, patch_size, stride, bias=bias)

    def forward(self, images: Tensor) -> Tensor:
        """Cut (B, 3, H, W) images into (B, N, embed_dim) tokens, row by row.

        Raises:
            ValueError: the images are not of the size for which the position embedding was made, or have another shape.
        """
        require_shapes(images=(images, f"B {self.proj.in_channels} H W"))
        if tuple(images.shape[-2:]) != self.img_size:
            raise ValueError(
                f"image of {images.shape[-2]} x {images.shape[-1]} given, the network was built for "
                f"{self.img_size[0]} x {self.img_size[1]}"
            )
        return self.proj(images).flatten(2).transpose(1, 2)
