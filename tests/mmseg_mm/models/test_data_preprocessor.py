"""Image and depth are normalised each in its own way, in the right order of channels."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fastreid_mm.common.errors import InputError
from mmseg_mm.models.data_preprocessor import RGBDDataPreProcessor

MEAN, STD = (10.0, 20.0, 30.0), (1.0, 2.0, 4.0)


def preprocessor(**arguments) -> RGBDDataPreProcessor:
    return RGBDDataPreProcessor(mean=MEAN, std=STD, depth_mean=100.0, depth_std=50.0, **arguments)


def sample(height: int, width: int) -> dict:
    data_sample = SegDataSample(metainfo={"img_path": f"{height}.jpg"})
    data_sample.gt_sem_seg = PixelData(data=torch.ones(1, height, width, dtype=torch.long))
    return {"inputs": torch.randint(0, 256, (4, height, width), dtype=torch.uint8), "data_samples": data_sample}


def batch(*samples: dict) -> dict:
    return {key: [one[key] for one in samples] for key in samples[0]}


@pytest.mark.parametrize("training", [True, False])
def test_values(training):
    data = batch(sample(4, 6), sample(4, 6))
    raw = torch.stack(data["inputs"]).float()
    out = preprocessor()(data, training)
    for channel, source in enumerate([2, 1, 0]):  # red, green, blue from blue, green, red
        assert torch.allclose(out["inputs"][:, channel], (raw[:, source] - MEAN[channel]) / STD[channel])
        assert torch.allclose(out["inputs"][:, 3 + channel], (raw[:, 3] - 100) / 50)
    assert [one.img_path for one in out["data_samples"]] == ["4.jpg", "4.jpg"]


def test_a_stacked_batch_and_floats_do_too():
    raw = torch.rand(2, 4, 5, 5) * 255
    expected = preprocessor()({"inputs": list(raw)})["inputs"]
    assert torch.equal(preprocessor()({"inputs": raw})["inputs"], expected)


def test_depth_is_normalised_as_the_image_by_default():
    """Section 1.7 of what is known of the recipe: depth in three channels, then ImageNet's mean and deviation."""
    raw = torch.rand(1, 4, 5, 5) * 255
    depth = RGBDDataPreProcessor(mean=MEAN, std=STD)({"inputs": raw})["inputs"][0, 3:]
    assert torch.allclose(depth, torch.stack([(raw[0, 3] - mean) / std for mean, std in zip(MEAN, STD)]))
    own = RGBDDataPreProcessor(depth_mean=(1.0, 2.0, 3.0), depth_std=4.0)({"inputs": raw})["inputs"][0, 3:]
    assert torch.allclose(own, torch.stack([(raw[0, 3] - mean) / 4 for mean in (1, 2, 3)]))


def test_other_precisions_do_not_round_the_means():
    raw = torch.rand(1, 4, 5, 5) * 255
    exact = RGBDDataPreProcessor()({"inputs": raw})["inputs"]
    assert torch.equal(RGBDDataPreProcessor().bfloat16()({"inputs": raw})["inputs"], exact)


def test_an_image_without_depth_only_where_that_is_wanted():
    image = torch.rand(3, 5, 5) * 255
    with pytest.raises(InputError, match="4 channels are needed.*StackDepth"):
        RGBDDataPreProcessor()({"inputs": [image]})
    found = RGBDDataPreProcessor(missing_depth="mean")({"inputs": [image]})["inputs"]
    assert found.shape == (1, 6, 5, 5) and not found[:, 3:].any() and found[:, :3].all()
    with pytest.raises(InputError, match="missing_depth 'none' is not one of refuse, mean"):
        RGBDDataPreProcessor(missing_depth="none")


def test_padding_is_the_mean_and_background():
    data = batch(sample(4, 6), sample(5, 3))
    out = preprocessor(size_divisor=4)(data, True)
    assert out["inputs"].shape == (2, 6, 8, 8)
    assert not out["inputs"][0, :, 4:].any() and not out["inputs"][1, :, :, 3:].any()
    masks = [one.gt_sem_seg.data for one in out["data_samples"]]
    assert [int(mask.sum()) for mask in masks] == [24, 15] and masks[0].shape == (1, 8, 8)


def test_unequal_sizes_are_padded_to_the_largest_by_default():
    assert preprocessor()(batch(sample(4, 6), sample(5, 3)), True)["inputs"].shape == (2, 6, 5, 6)


def test_test_batches_are_padded_as_told():
    out = preprocessor(test_cfg={"size_divisor": 16})(batch(sample(4, 6)), False)
    assert out["inputs"].shape == (1, 6, 16, 16)
    assert out["data_samples"][0].img_padding_size == (0, 10, 0, 12)


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_wrong_number_of_channels_is_named(channels):
    with pytest.raises(InputError, match=rf"\({channels}, 4, 4\), 4 channels"):
        preprocessor()({"inputs": [torch.zeros(channels, 4, 4)]})


def test_three_means_are_needed():
    with pytest.raises(InputError, match="three values"):
        RGBDDataPreProcessor(mean=(1.0, 2.0, 3.0, 4.0))
