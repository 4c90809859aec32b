import pytest
import torch
import torch.nn.functional as F

from fastreid_mm.common.errors import InputError
from mmseg_mm.models.fusion_level import FusionLevel

FUSION = {"num_heads": 2, "depth": 2}


def maps(size=12, channels=8):
    torch.manual_seed(0)
    return torch.randn(2, 2, channels, size, size)


def level(map_size=(12, 12), patch_size=3, stride=2, **options):
    torch.manual_seed(1)
    return FusionLevel(8, map_size, patch_size, stride, **FUSION | options).eval()


@pytest.mark.parametrize("side, stride, tokens", [(88, 8, 100), (44, 4, 81), (22, 2, 36), (11, 1, 1)])
def test_the_papers_token_counts(side, stride, tokens):
    made = level((side, side), 11, stride)
    assert made.fuse.positions.shape == (2, 8, int(tokens**0.5), int(tokens**0.5))
    assert made(*maps(side)).shape == (2, 8, side, side)


def test_tokens_are_patches_with_positions_and_folded_back_in_order():
    made, (image, depth) = level(detail="none"), maps()
    weight, bias = made.fuse.embed.weight, made.fuse.embed.bias

    def tokens(x, positions):
        rows = []
        for i in range(5):
            for j in range(5):
                patch = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                rows.append(torch.einsum("bchw,dchw->bd", patch, weight) + bias + positions[:, i, j])
        return torch.stack(rows, dim=1)

    fused = made.fuse.fusion(tokens(image, made.fuse.positions[0]), tokens(depth, made.fuse.positions[1]))
    grid = torch.stack([fused[:, 5 * i : 5 * i + 5] for i in range(5)], dim=1).permute(0, 3, 1, 2)
    expected = F.interpolate(grid, size=(12, 12), mode="bilinear", align_corners=False)
    assert torch.allclose(made(image, depth), expected, atol=1e-5)


def test_detail_adds_the_maps_that_went_in_if_asked_to():
    image, depth = maps()
    literal, with_detail = level()(image, depth), level(detail="squeezed")(image, depth)
    assert torch.allclose(with_detail, literal + image + depth, atol=1e-6)


def test_addition_and_concatenation_work_on_every_place():
    image, depth = maps()
    assert torch.equal(level(variant="add")(image, depth), image + depth)
    made = level(variant="concatenate")
    project = made.fuse.fusion.fuse.project
    expected = F.conv2d(torch.cat([image, depth], 1), project.weight[..., None, None], project.bias)
    assert torch.allclose(made(image, depth), expected, atol=1e-6)


@pytest.mark.parametrize("variant", ["add", "concatenate"])
def test_what_keeps_all_detail_takes_no_more(variant):
    """Adding the maps to their own sum gave twice the sum."""
    with pytest.raises(InputError, match=f"detail 'squeezed' .* variant '{variant}'"):
        level(variant=variant, detail="squeezed")


def test_a_single_token_is_the_same_everywhere():
    fused = level((3, 3), 3, 1, detail="none")(*maps(3))
    assert torch.allclose(fused, fused[..., :1, :1].expand_as(fused))


def test_other_sizes_than_in_training():
    made = level()
    assert made(*maps(20)).shape == (2, 8, 20, 20)
    torch.nn.init.zeros_(made.fuse.positions)
    constant = torch.ones(2, 8, 12, 12)
    assert torch.allclose(made(constant, constant)[..., 0, 0], made(*torch.ones(2, 2, 8, 20, 20))[..., 0, 0], atol=1e-5)


def test_what_cannot_be_used_is_named():
    with pytest.raises(InputError, match="detail 'all' is not one of none, squeezed"):
        level(detail="all")
    with pytest.raises(InputError, match="fusion .*'variant': 'sum'.* is not one of add"):
        level(variant="sum")
    with pytest.raises(InputError, match="2 x 12 has no patch of 3 x 3"):
        level((2, 12))
    with pytest.raises(InputError, match="2 x 2 has no patch of 3 x 3"):
        level()(*maps(2))


@pytest.mark.parametrize("variant", ["mutualformer", "add", "transformer", "cross_attention"])
@pytest.mark.parametrize(
    "option, message",
    [
        ({"epsilom": 0.5}, "fusion has no 'epsilom'; there are num_heads, .*epsilon"),
        ({"dim": 8}, "fusion has no 'dim'"),
        ({"epsilon": 6}, r"fusion.epsilon 6 is not in \[0, 1\]"),
        ({"epsilon": "high"}, "fusion.epsilon 'high' is not"),
        ({"reading": "foo"}, "fusion.reading 'foo' is not one of paper, official"),
        ({"stack": "foo"}, "'foo' is not one of carry_fused"),
    ],
    ids=str,
)
def test_fusion_arguments_are_refused_by_name_whatever_the_variant(variant, option, message):
    with pytest.raises(InputError, match=message):
        level(variant=variant, **option)
