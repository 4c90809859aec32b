"""Samples that lack a modality, or whose modalities have different sizes."""

import os
import shutil

import pytest
import torch
from PIL import Image

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.datasets import RGBNT201, Market1501MM
from fastreid_mm.engine import MMTrainer
from tests.conftest import write_image


@pytest.fixture
def people(rgbnt201_root, tmp_path):
    """A set without a training and a test sample's near infrared and another test sample's visible image."""
    folder = shutil.copytree(rgbnt201_root / "RGBNT201", tmp_path / "sets" / "RGBNT201")
    (folder / "train_171" / "NI" / "000001_cam1_0_00.jpg").unlink()
    (folder / "test" / "NI" / "000007_cam1_0_00.jpg").unlink()
    (folder / "test" / "RGB" / "000008_cam1_0_00.jpg").unlink()
    return tmp_path / "sets"


@pytest.fixture
def cfg_of(people, tiny_cfg, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(people))

    def build(*options):
        return tiny_cfg("SOLVER.IMS_PER_BATCH", 8, *options, base="RGBNT201/ieee.yml")

    return build


def lacking(items):
    """Names of the samples that lack something, and what they have."""
    return {
        os.path.basename(item.img_path): [source is not None for source in item.sources]
        for item in items
        if None in item.sources
    }


def test_training_leaves_out_what_lacks_a_modality_and_testing_does_not(people, warnings):
    data = RGBNT201(str(people))
    assert len(data.train) == 6 * 4 - 1 and not lacking(data.train)
    assert len(data.query) == 8 * 4 and data.query == data.gallery
    assert lacking(data.query) == {
        "000007_cam1_0_00.jpg": [True, False, True],
        "000008_cam1_0_00.jpg": [False, True, True],
    }
    assert next(item for item in data.query if item.sources[0] is None).img_path.endswith(
        "test/NI/000008_cam1_0_00.jpg"
    )
    train, test = (record.getMessage() for record in warnings)
    first = people / "RGBNT201" / "train_171" / "NI" / "000001_cam1_0_00.jpg"
    assert f"train_171 has missing files: 1, the first: {first}; their samples are not trained on" in train
    first = people / "RGBNT201" / "test" / "NI" / "000007_cam1_0_00.jpg"
    assert f"test has missing files: 2, the first: {first}; their samples are compared by what they have" in test
    RGBNT201(str(people))
    assert len(warnings) == 2  # once is enough


def test_all_samples_together_are_those_that_have_everything(people):
    data = RGBNT201(str(people))
    data.combine_all()
    assert len(data.train) == 14 * 4 - 3 and not lacking(data.train)


def test_sizes_may_differ_as_all_are_resized(rgbnt201_root, tmp_path, warnings):
    folder = shutil.copytree(rgbnt201_root / "RGBNT201", tmp_path / "RGBNT201")
    path = folder / "test" / "TI" / "000007_cam1_0_00.jpg"
    for name in ("000007_cam1_0_00.jpg", "000009_cam1_0_00.jpg"):
        Image.new("RGB", (32, 64)).save(path.with_name(name))
    data = RGBNT201(str(tmp_path))
    assert len(data.train) == 6 * 4 and len(data.query) == 8 * 4 and not lacking(data.query)
    (record,) = warnings
    assert "test has samples with images of different sizes: 2, the first: " in record.getMessage()
    assert f"{path} is 32 x 64" in record.getMessage()
    with pytest.raises(InputError, match="different sizes: .*; different sizes: "):
        RGBNT201(str(tmp_path), complete=True)


def test_the_key_insists_on_complete_samples(cfg_of, people):
    build_dataset(cfg_of(), "RGBNT201")
    with pytest.raises(InputError) as caught:
        build_dataset(cfg_of("DATASETS.ALIGNED.COMPLETE", True), "RGBNT201")
    assert str(caught.value).count("is missing") == 3 and "\n" not in str(caught.value)


def test_batches_have_a_mask_where_something_is_missing(cfg_of):
    cfg = cfg_of()
    data = build_dataset(cfg, "RGBNT201")
    (batch,) = build_test_loader(cfg, data)
    expected = torch.tensor([[source is not None for source in item.sources] for item in data.query + data.gallery])
    assert torch.equal(batch["modality_mask"], expected) and expected.sum() == 2 * (32 * 3 - 2)
    assert torch.equal(batch["images"].flatten(2).any(2), expected)
    for trained in build_train_loader(cfg):
        assert trained["modality_mask"].all()
        assert not any(path.endswith("train_171/RGB/000001_cam1_0_00.jpg") for path in trained["img_paths"])


def test_such_a_set_is_ranked_and_drawn(cfg_of):
    cfg = cfg_of("TEST.RANKED_LISTS", 8)
    os.makedirs(cfg.OUTPUT_DIR)
    (settings,) = MMTrainer.test(cfg, MMTrainer.build_model(cfg)).values()
    assert settings["test"]["valid_queries"] == 32 and 5 < settings["test"]["mAP"] <= 100


def test_what_nothing_is_left_of_is_named(cfg_of):
    cfg = cfg_of("DATASETS.ALIGNED.MODALITIES", "('RGB','NI')", "TEST.MISSING", "('RGB',)")
    with pytest.raises(InputError, match="TEST.MISSING .*test/RGB/000007_cam1_0_00.jpg"):
        build_dataset(cfg, "RGBNT201")


def test_a_set_without_a_complete_training_sample_is_refused(tmp_path):
    for part, modalities in {"train": ("RGB",), "query": ("RGB", "NI"), "gallery": ("RGB", "NI")}.items():
        for modality in ("RGB", "NI"):
            (tmp_path / "Market1501-MM" / part / modality).mkdir(parents=True)
        for modality in modalities:
            write_image(tmp_path / "Market1501-MM" / part / modality / "0001_c1s1_000001_00.jpg", 1)
    with pytest.raises(InputError, match="no sample of .*train has all of RGB, NI"):
        Market1501MM(str(tmp_path), modalities=("RGB", "NI"))
