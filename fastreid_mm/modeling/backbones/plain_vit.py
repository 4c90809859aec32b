"""The plain vision transformers of timm, as in ViT and DeiT.

ViT: https://arxiv.org/abs/2010.11929; DeiT: https://arxiv.org/abs/2012.12877
"""

from typing import Any, cast

import timm
from timm.models.vision_transformer import Block, VisionTransformer

from fastreid_mm.common.errors import InputError, first_line


def create_vit(name: str, key: str = "MODEL.BACKBONE.VIT.NAME", **options: Any) -> VisionTransformer:
    """Create a network by name, without classifier; its image size is fixed.

    Args:
        name: with or without a tag, as timm lists it.
        key: the config key that gives the name.
        options: those of timm's constructor.

    Raises:
        InputError: the name is unknown or that of another kind of network, or a size is impossible.
    """
    try:
        vit = timm.create_model(name, num_classes=0, dynamic_img_size=False, **options)
    except TypeError:  # another network, which does not have these options
        raise InputError(f"{key} {name} is not a vision transformer of timm that takes patches of an image") from None
    except (RuntimeError, ValueError, OSError) as error:  # unknown name or size, or weights that cannot be fetched
        raise InputError(f"{key} {name}: {first_line(error)}") from None
    if not isinstance(vit, VisionTransformer) or not _is_plain(vit):
        raise InputError(f"{key} {name} is not a plain vision transformer whose feature is its class token")
    return vit


def _is_plain(vit: VisionTransformer) -> bool:
    """Whether it has a class token that is the feature, one block after the other, and patches of the image itself."""
    pooled = vit.cls_token is not None and vit.global_pool == "token"
    blocks = all(isinstance(block, Block) for block in vit.blocks)
    source = cast(dict[str, Any], vit.pretrained_cfg)
    return pooled and blocks and source["first_conv"] == "patch_embed.proj"  # a hybrid's is in a CNN
