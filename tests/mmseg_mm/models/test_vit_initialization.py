import pytest
import torch

from fastreid_mm.common.errors import InputError
from tests.mmseg_mm.small_model import build_head


def vit(width=8, blocks=2):
    torch.manual_seed(0)
    shapes = {
        "norm1.weight": (width,),
        "norm1.bias": (width,),
        "attn.qkv.weight": (3 * width, width),
        "attn.qkv.bias": (3 * width,),
        "norm2.weight": (width,),
        "norm2.bias": (width,),
        "mlp.fc1.weight": (4 * width, width),
        "mlp.fc1.bias": (4 * width,),
        "mlp.fc2.weight": (width, 4 * width),
        "mlp.fc2.bias": (width,),
    }
    return {f"blocks.{block}.{name}": torch.randn(shape) for block in range(blocks) for name, shape in shapes.items()}


def head(path, **options):
    made = build_head(vit=str(path), **options)
    made.init_weights()
    return made


WRAPPED = {
    "timm": dict,
    "DeiT": lambda weights: {"model": weights},
    "TransReID": lambda weights: {f"base.{n}": w for n, w in weights.items()} | {"classifier.weight": torch.ones(3, 8)},
    "TOP-ReID": lambda weights: {"net": {f"BACKBONE.base.{name}": weight for name, weight in weights.items()}},
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_attention_and_feed_forward_network_are_the_blocks(tmp_path, wrapped):
    weights = vit()
    torch.save(wrapped(weights), tmp_path / "vit.pth")
    for level in head(tmp_path / "vit.pth").levels:
        for index, layer in enumerate(level.fuse.fusion.fuse.layers):
            block = {name.split(".", 2)[2]: value for name, value in weights.items() if f".{index}." in name[:9]}
            for stream in range(2):
                assert torch.equal(layer.interaction.qkv[stream].weight, block["attn.qkv.weight"])
                assert torch.equal(layer.interaction.norm[stream].weight, block["norm1.weight"])
            norm, first, _, second = layer.feed_forward
            assert torch.equal(norm.bias, block["norm2.bias"])
            assert torch.equal(first.weight, block["mlp.fc1.weight"])
            assert torch.equal(second.bias, block["mlp.fc2.bias"])


def test_the_file_is_read_when_training_begins_only(tmp_path):
    assert build_head(vit=str(tmp_path / "nowhere.pth"))
    with pytest.raises(InputError, match="nowhere.pth does not exist"):
        head(tmp_path / "nowhere.pth")
    torch.save({"model": vit(), "args": tmp_path}, tmp_path / "more.pth")  # as DeiT's, of which no flag speaks here
    with pytest.raises(InputError, match="may run code; a file of the ViT's weights alone can be read$"):
        head(tmp_path / "more.pth")


def test_what_does_not_fit_is_named(tmp_path):
    torch.save(vit(16), tmp_path / "vit.pth")
    with pytest.raises(InputError, match=r"vit.pth: blocks.0.attn.qkv.weight is \(48, 16\), a layer of 8 channels"):
        head(tmp_path / "vit.pth")
