"""The papers' and released codes' figures in the configs of aligned modalities."""

from pathlib import Path

import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import refuse_odd
from fastreid_mm.data.transforms import build_transforms
from fastreid_mm.settings.load import load_config

CONFIGS = Path(__file__).parent.parent / "configs"


def step(cfg, kind, is_train=True):
    """The transform of a kind, by the name of its class."""
    (found,) = (each for each in build_transforms(cfg, is_train).transforms if type(each).__name__ == kind)
    return found


@pytest.mark.parametrize("name", ["RGBN300/hamnet.yml", "RGBN300/mutualformer.yml"])
def test_vehicles_are_augmented_as_in_hamnets_code(name):
    cfg = load_config(str(CONFIGS / name), [])
    assert not cfg.INPUT.SHARED_DRAWS
    assert step(cfg, "RandomErasing").scale == (0.02, 0.4) and step(cfg, "RandomErasing").p == 0.5
    assert (step(cfg, "Pad").padding, step(cfg, "RandomHorizontalFlip").p) == (10, 0.5)


def test_only_mutual_former_smooths_labels():
    """HAMNet's file asks for smoothing in a word that its code does not know."""
    assert load_config(str(CONFIGS / "RGBN300/hamnet.yml"), []).MODEL.LOSSES.CE.EPSILON == 0
    assert load_config(str(CONFIGS / "RGBN300/mutualformer.yml"), []).MODEL.LOSSES.CE.EPSILON == 0.1


@pytest.mark.parametrize("name", ["RGBNT201/ieee.yml", "Market1501MM/ieee.yml"])
@pytest.mark.parametrize("is_train", [True, False])
def test_people_are_resized_bilinearly(name, is_train):
    cfg = load_config(str(CONFIGS / name), [])
    assert step(cfg, "Resize", is_train).interpolation == Image.Resampling.BILINEAR
    assert step(cfg, "Resize", is_train).size == (256, 128)


def test_the_default_keeps_the_hosts_resize_and_erasing():
    cfg = load_config("", ["INPUT.REA.ENABLED", "True"])
    assert step(cfg, "Resize").interpolation == Image.Resampling.BICUBIC
    assert step(cfg, "RandomErasing").scale == (0.02, 0.33)


@pytest.mark.parametrize(
    "key, value", [("INPUT.RESIZE", "nearest"), ("INPUT.REA.MAX_AREA", "1.5"), ("INPUT.REA.MAX_AREA", "0.01")]
)
def test_what_a_transform_cannot_be_is_named(key, value):
    with pytest.raises(InputError, match=f"{key} '?{value}'? is not"):
        refuse_odd(load_config("", [key, value]))
