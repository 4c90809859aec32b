"""Vision transformers of timm whose tokens have one width from the patches on, as in ViT, DeiT, CLIP, DINOv3 and EVA.

ViT: https://arxiv.org/abs/2010.11929; DeiT: https://arxiv.org/abs/2012.12877; EVA-02: https://arxiv.org/abs/2303.11331;
DINOv3: https://arxiv.org/abs/2508.10104; SigLIP: https://arxiv.org/abs/2303.15343
"""

from functools import partial
from typing import Any, cast

import timm
from timm.models import is_model_in_modules
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.layers import OverlapPatchEmbed

PlainViT = VisionTransformer | Eva
"""The classes of timm that are taken."""
_MODULES = ("vision_transformer", "vision_transformer_hybrid", "deit", "eva")  # those of timm that have them


def is_plain(name: str) -> bool:
    """Tell by a name of timm, with or without a tag, whether it is a network of these classes."""
    return is_model_in_modules(name, _MODULES)


def create_vit(name: str, key: str = "MODEL.BACKBONE.VIT.NAME", **options: Any) -> PlainViT:
    """Create a network by its name in timm, with or without a tag, without classifier; its image size is fixed.

    Raises:
        InputError: the name is unknown or that of another kind of network, or a size is impossible.
    """
    try:
        vit = timm.create_model(name, num_classes=0, dynamic_img_size=False, **options)
    except TypeError:  # another network, which does not have these options
        raise InputError(
            f"{key} {name} is not a vision transformer whose tokens keep their width from the patches to the last "
            "block, as timm's VisionTransformer and Eva are"
        ) from None
    except (RuntimeError, ValueError, AssertionError, OSError) as error:  # unknown name or size, or no weights
        raise InputError(f"{key} {name}: {first_line(error)}") from None
    problem = _problem(vit)
    if problem:
        raise InputError(f"{key} {name} is not a plain vision transformer: {problem}")
    return cast(PlainViT, vit)


def create_overlapping(name: str, size: tuple[int, int], stride: tuple[int, int], **options: Any) -> PlainViT:
    """Create a network whose patches overlap, see :class:`OverlapPatchEmbed`.

    Args:
        name: that of the network, for ``MODEL.BACKBONE.VIT.NAME``.
        size: (height, width) of the images.
        stride: of the patches, (vertical, horizontal) in pixels.
        options: those of timm's constructor.

    Raises:
        InputError: what :func:`create_vit` raises.
    """
    if not is_model_in_modules(name, ["eva"]):
        return create_vit(name, img_size=size, embed_layer=partial(OverlapPatchEmbed, stride=stride), **options)
    vit = create_vit(name, **options)  # Eva has no option for its patches
    usual: Any = vit.patch_embed
    try:
        patches = OverlapPatchEmbed(size, usual.patch_size[0], 3, vit.embed_dim, usual.proj.bias is not None, stride)
    except ValueError as error:
        raise InputError(f"MODEL.BACKBONE.VIT.NAME {name}: {error}") from None
    vit.set_input_size(tuple(places * side for places, side in zip(patches.grid_size, usual.patch_size)))
    patches.proj.load_state_dict(usual.proj.state_dict())
    vit.patch_embed = patches
    return vit


def rotations(rope: Any, count: int, of_each: bool) -> list[dict[str, Any]]:
    """Make the options of each of some blocks: its rotary position embeddings, if there are any.

    Args:
        rope: computes them; None for a network without.
        count: how many blocks there are.
        of_each: whether they are learnt for each block.
    """
    if rope is None:
        return [{}] * count
    found = rope.get_embed()
    return [{"rope": each} for each in (found if of_each else [found] * count)]


def _problem(vit: nn.Module) -> str:
    """Say in words why a network cannot be taken; empty if it can be."""
    if not isinstance(vit, PlainViT):
        return f"it is a {type(vit).__name__} of timm"
    if any(not hasattr(getattr(block, "attn", None), "attn_drop") for block in vit.blocks):
        return "its blocks are not attention and then a feed-forward network"
    source: Any = vit.pretrained_cfg
    if source["first_conv"] != "patch_embed.proj":
        return "its patches are those of a CNN's maps"
    return "" if vit.global_pool else "it has no feature of an image"
