"""Lists of images, and what is given in their place."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_arguments import list_images, list_modalities, require_batch_size

ARRAY = np.zeros((4, 2, 3), np.uint8)


@pytest.mark.parametrize(
    "given, count",
    [
        ("night/a.jpg", 1),
        (Path("night/a.jpg"), 1),
        (Image.new("RGB", (2, 4)), 1),
        (ARRAY, 1),
        (ARRAY[..., 0], 1),
        (np.stack([ARRAY] * 3), 3),
        (np.array(["a.jpg", "b.jpg"]), 2),
        (("a.jpg", ARRAY), 2),
        ((f"{number}.jpg" for number in range(3)), 3),
    ],
)
def test_one_image_and_whatever_can_be_iterated_over_become_a_list(given, count):
    assert len(list_images(given)) == count


def test_one_sample_becomes_a_list():
    assert list_images({"RGB": "a.jpg"}, ("RGB", "NI")) == [{"RGB": "a.jpg"}]
    assert list_images(iter([{"RGB": "a.jpg"}] * 2), ("RGB", "NI")) == [{"RGB": "a.jpg"}] * 2


@pytest.mark.parametrize(
    "given, modalities, words",
    [
        ([], (), "no images are given"),
        (iter(()), ("RGB",), "no images are given"),
        (None, (), "not NoneType"),
        ({"a.jpg"}, (), "not set"),
        (b"a.jpg", (), "not bytes"),
        ({"RGB": "a.jpg"}, (), "number 0 is dict"),
        (["a.jpg", 3], (), "number 1 has int where an image is needed"),
        ("a.jpg", ("RGB",), "each sample maps RGB to images: number 0 is str"),
        ([{"RGB": None}], ("RGB",), "number 0 has NoneType"),
        ([ARRAY[None]], (), r"number 0 has ndarray of shape \(1, 4, 2, 3\)"),
    ],
)
def test_what_is_no_list_of_images_is_refused_in_words(given, modalities, words):
    with pytest.raises(InputError, match=f"images must be a list of .*{words}"):
        list_images(given, modalities)


def test_a_modality_is_a_word_or_one_for_each_image():
    assert list_modalities("visible", 2) == list_modalities(iter(["visible"] * 2), 2) == ["visible"] * 2
    for given, words in ((["visible"], "1 modalities for 2 images"), (None, "not NoneType"), ({"visible"}, "not set")):
        with pytest.raises(InputError, match=words):
            list_modalities(given, 2)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True, None])
def test_a_batch_has_images(size):
    assert require_batch_size(3) == 3
    with pytest.raises(InputError, match="batch_size must be a whole number of 1 or more"):
        require_batch_size(size)
