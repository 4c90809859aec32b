import pytest
import torch

from fastreid_mm.data.build import build_train_loader
from fastreid_mm.data.thermal_inversion import ThermalInversion


def test_infrared_images_become_their_negatives_with_the_probability():
    torch.manual_seed(0)
    image = torch.rand(3, 4, 2) * 255
    found = [ThermalInversion(0.3)(image, 1) for _ in range(600)]
    inverted = [not torch.equal(each, image) for each in found]
    assert sum(inverted) / 600 == pytest.approx(0.3, abs=0.06)
    torch.testing.assert_close(found[inverted.index(True)], 255 - image)
    assert torch.equal(ThermalInversion(0.0)(image, 1), image)


def test_visible_images_and_the_image_given_are_left_alone():
    image = torch.rand(3, 4, 2) * 255
    before = image.clone()
    assert torch.equal(ThermalInversion(1.0)(image, 0), before)
    ThermalInversion(1.0)(image, 1)
    assert torch.equal(image, before)


def test_the_training_loader_inverts_the_infrared_half(tiny_cfg, sysu_datasets):
    plain, inverted = (first_batch(tiny_cfg, probability) for probability in (0.0, 1.0))
    infrared = plain["modalities"] == 1
    torch.testing.assert_close(inverted["images"][infrared], 255 - plain["images"][infrared])
    assert torch.equal(inverted["images"][~infrared], plain["images"][~infrared])


def first_batch(tiny_cfg, probability):
    torch.manual_seed(0)
    key = "INPUT.THERMAL_INVERSION."
    return next(iter(build_train_loader(tiny_cfg(key + "ENABLED", True, key + "PROB", probability))))
