import pytest
import torch

from fastreid_mm.data.build import build_test_loader, build_train_loader
from fastreid_mm.data.channel_augmentation import ChannelAugmentation


def which(augment, image, modality, times=600):
    """How often each channel, the grey value, and the image itself came out."""
    torch.manual_seed(0)
    gray = 0.2989 * image[0] + 0.5870 * image[1] + 0.1140 * image[2]
    candidates = [value.expand(3, -1, -1) for value in (*image, gray)] + [image]
    counts = [0] * 5
    for _ in range(times):
        found = augment(image.clone(), modality)
        matches = [torch.allclose(found, candidate, atol=1e-3) for candidate in candidates]
        assert sum(matches) == 1
        counts[matches.index(True)] += 1
    return [count / times for count in counts]


def test_visible_images_get_one_of_their_channels_with_the_probability():
    image = torch.rand(3, 4, 2) * 255
    assert which(ChannelAugmentation(0.5), image, 0) == pytest.approx([1 / 6] * 3 + [0, 1 / 2], abs=0.06)
    assert which(ChannelAugmentation(1.0), image, 0) == pytest.approx([1 / 3] * 3 + [0, 0], abs=0.06)
    assert which(ChannelAugmentation(0.0), image, 0) == [0, 0, 0, 0, 1]


def test_infrared_images_get_one_of_four_changes_one_of_them_half_the_time():
    image = torch.rand(3, 4, 2) * 255  # as if erased all over
    assert which(ChannelAugmentation(), image, 1) == pytest.approx([1 / 4] * 3 + [1 / 8] * 2, abs=0.06)
    equal = torch.rand(1, 4, 2).expand(3, -1, -1) * 255
    for _ in range(10):
        torch.testing.assert_close(ChannelAugmentation()(equal, 1), equal, atol=0.05, rtol=0)  # grey sums to 0.9999


def test_the_image_given_is_left_alone():
    image = torch.rand(3, 4, 2)
    before = image.clone()
    for modality in (0, 1):
        for _ in range(10):
            ChannelAugmentation(1.0)(image, modality)
    assert torch.equal(image, before)


def test_each_sample_is_augmented_by_its_modality_and_test_samples_are_not(tiny_cfg, sysu_datasets):
    options = ("INPUT.REA.ENABLED", False, "INPUT.CHANNEL_AUGMENTATION.ENABLED")
    cfg = tiny_cfg(*options, True, "INPUT.CHANNEL_AUGMENTATION.PROB", 1.0)
    batch = next(iter(build_train_loader(cfg)))
    plain = next(iter(build_train_loader(tiny_cfg(*options, False))))
    assert torch.equal(batch["modalities"], plain["modalities"])

    def colourless(images):
        return torch.equal(images[:, 0], images[:, 1]) and torch.equal(images[:, 1], images[:, 2])

    assert colourless(batch["images"][:8]) and not colourless(plain["images"][:8])  # the visible half
    path = plain["img_paths"][0]
    dataset = type("Set", (), {"query": [(path, 0, 0, 0)], "gallery": []})()
    assert not colourless(next(iter(build_test_loader(cfg, dataset)))["images"])
