"""The cross-level module and the sub-decoder made of it."""

import pytest
import torch
import torch.nn.functional as F

from mmseg_mm.models.sub_decoder import CrossLevelModule, SubDecoder

NORM = {"type": "BN"}


def identity_(module):
    """Turn every convolution into the identity; batch norm in evaluation mode nearly is one."""
    for conv in module.modules():
        if isinstance(conv, torch.nn.Conv2d):
            torch.nn.init.dirac_(conv.weight)
    return module.eval()


def test_the_module_in_closed_form():
    fine, coarse = torch.rand(2, 4, 8, 6), torch.rand(2, 4, 4, 3)
    outputs = identity_(CrossLevelModule(4, NORM))(fine, coarse)
    enlarged = F.interpolate(coarse, size=(8, 6), mode="bilinear", align_corners=False)
    assert torch.allclose(outputs[0], fine * enlarged + fine, atol=1e-4)
    assert torch.allclose(outputs[1], fine * enlarged + enlarged, atol=1e-4)


def test_the_module_has_the_papers_weights():
    """Six of them make 1.779 million with the biases, which a batch norm after them makes needless."""
    found = sum(weight.numel() for weight in CrossLevelModule(64, NORM).parameters())
    assert found == 8 * (64 * 64 * 9 + 2 * 64)
    assert 6 * (found + 8 * 64) == pytest.approx(1.779e6, rel=1e-3)


def test_the_decoder_goes_from_coarse_to_fine():
    torch.manual_seed(0)
    maps, decoder = [torch.rand(1, 4, 8 // 2**i, 8 // 2**i) for i in range(3)], SubDecoder(4, 3, NORM).eval()
    refined, merged = decoder(maps)
    middle, down = decoder.merge[1](maps[1], maps[2])
    finest, expected = decoder.merge[0](maps[0], down)
    assert [x.shape for x in refined] == [x.shape for x in maps] and merged.shape == maps[0].shape
    assert torch.equal(refined[2], maps[2]) and torch.equal(refined[1], middle) and torch.equal(refined[0], finest)
    assert torch.equal(merged, expected)


def test_feedback_is_added_to_every_level():
    torch.manual_seed(0)
    maps, decoder = [torch.rand(1, 4, 8 // 2**i, 8 // 2**i) for i in range(3)], SubDecoder(4, 3, NORM).eval()
    refined, merged = decoder(maps, feedback=torch.full((1, 4, 8, 8), 2.0))
    expected_refined, expected = decoder([level + 2 for level in maps])
    assert torch.allclose(merged, expected)
    assert torch.allclose(refined[2], expected_refined[2]) and torch.allclose(refined[2], maps[2] + 2)


def test_what_refines_levels_alone_can_be_left_out():
    torch.manual_seed(0)
    maps, decoder = [torch.rand(1, 4, 8 // 2**i, 8 // 2**i) for i in range(3)], SubDecoder(4, 3, NORM).eval()
    expected = decoder(maps)[1]
    for module in decoder.merge:
        module.fine[2] = module.fine[3] = None  # calling them would fail
    refined, merged = decoder(maps, only_merged=True)
    assert torch.equal(merged, expected) and refined[:2] == [None, None]
