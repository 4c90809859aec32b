"""The weights of the ViT that MutualFormer starts from, by a name of timm's or from a file."""

from collections.abc import Mapping

import timm
from torch import Tensor

from fastreid_mm.layers.vit_start import VIT_NAMES
from fastreid_mm.modeling.backbones.plain_vit import create_vit
from fastreid_mm.modeling.backbones.pretrained import read_state_dict, require_download

KEY = "MODEL.MUTUALFORMER.VIT"


def vit_weights(source: str) -> Mapping[str, Tensor]:
    """Get the tensors by name of a ViT of timm's, with or without a tag, or of a file.

    Raises:
        InputError: names the key; the weights cannot be downloaded, or the file cannot be read.
    """
    if not timm.is_model(source):
        return read_state_dict(source, VIT_NAMES, KEY)
    require_download(KEY, source)
    return create_vit(source, KEY, pretrained=True).state_dict()
