import numpy as np
import pytest
import torch
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import PixelRule
from fastreid_mm.data.build import build_corrupted_loader, build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.image_set import ImageSet
from fastreid_mm.protocols import build_evaluator

pytestmark = pytest.mark.usefixtures("sysu_datasets")


@pytest.mark.parametrize("workers", [0, 2])
def test_training_batches_follow_the_contract_and_repeat(tiny_cfg, workers):
    loader = build_train_loader(tiny_cfg("DATALOADER.NUM_WORKERS", workers))
    torch.manual_seed(0)
    first = list(loader)
    for batch in first:
        assert batch["images"].shape == (16, 3, 32, 16) and batch["images"].dtype == torch.float32
        assert batch["modalities"].tolist() == [0] * 8 + [1] * 8
        assert torch.equal(batch["targets"][:8], batch["targets"][8:]) and batch["targets"].max() < 8
        assert len(batch["img_paths"]) == 16 and batch["camids"].shape == (16,)
    loader.set_epoch(0)
    torch.manual_seed(0)
    for before, again in zip(first, loader):
        assert torch.equal(before["images"], again["images"]) and before["img_paths"] == again["img_paths"]


def test_images_of_an_identity_are_drawn_as_the_config_says(tiny_cfg):
    options = ("DATALOADER.REPLACEMENT", False, "DATALOADER.NUM_INSTANCE", 4)  # and there are 4 infrared images
    for batch in build_train_loader(tiny_cfg(*options)):
        assert len(set(batch["img_paths"][8:])) == 8
    with pytest.raises(InputError, match="REPLACEMENT False is for CrossModalityIdentitySampler, not for NaiveId"):
        build_train_loader(tiny_cfg("DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler", *options))


def test_the_test_loader_yields_queries_then_gallery(tiny_cfg):
    cfg = tiny_cfg()
    dataset = build_dataset(cfg, "SYSUMM01")
    batches = list(build_test_loader(cfg, dataset))
    paths = [path for batch in batches for path in batch["img_paths"]]
    assert paths == [item[0] for item in dataset.query + dataset.gallery]
    targets = torch.cat([batch["targets"] for batch in batches]).tolist()
    assert targets == [item[1] for item in dataset.query + dataset.gallery]  # identities as they are


def test_infrared_images_become_three_equal_channels(tmp_path):
    Image.new("L", (4, 8), 77).save(tmp_path / "ir.png")
    sample = ImageSet([(str(tmp_path / "ir.png"), 3, 6, 1)], lambda image: image, relabel=False)[0]
    assert sample["images"].mode == "RGB" and sample["images"].getpixel((0, 0)) == (77, 77, 77)
    assert (sample["targets"], sample["camids"], sample["modalities"]) == (3, 6, 1)


def test_unreadable_images_are_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match="broken.jpg"):
        ImageSet([(str(tmp_path / "broken.jpg"), 0, 0, 0)], lambda image: image, relabel=False)[0]


def test_unknown_names_are_refused(tiny_cfg):
    with pytest.raises(InputError, match="SYSU_MM02"):
        build_dataset(tiny_cfg(), "SYSU_MM02")
    with pytest.raises(InputError, match=r"SAMPLER_TRAIN 'Random'.*CrossModalityIdentitySampler"):
        build_train_loader(tiny_cfg("DATALOADER.SAMPLER_TRAIN", "Random"))
    with pytest.raises(InputError, match="Market1501"):  # the host's own, not there
        build_dataset(tiny_cfg(), "Market1501")


def test_images_are_read_as_the_config_says_in_training_and_testing(tiny_cfg):
    rule = ("INPUT.RANGE_16BIT", (51241, 52181), "INPUT.MAX_PIXELS", 9999)
    cfg = tiny_cfg(*rule, "DATALOADER.NUM_WORKERS", 0)
    dataset = build_dataset(cfg, "SYSUMM01")
    expected = PixelRule((51241, 52181), 9999)
    corrupted = build_corrupted_loader(cfg, dataset, 0).dataset._samples
    samples = [build_train_loader(cfg).dataset, build_test_loader(cfg, dataset).dataset, corrupted]
    assert [each.pixels for each in samples] == [expected] * 3
    assert build_evaluator(cfg, dataset).pixels == expected


def test_a_loss_of_levels_is_told_once_for_all_workers(tiny_cfg, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("fastreid_mm.common.read_image._told", [])
    cfg = tiny_cfg("DATALOADER.NUM_WORKERS", 2)
    dataset = build_dataset(cfg, "SYSUMM01")
    for number, item in enumerate(dataset.query):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.arange(51241, 51241 + 512, dtype=np.uint16).reshape(32, 16)).save(path)
        dataset.query[number] = item._replace(img_path=str(path))
    loader = build_test_loader(cfg, dataset)
    list(loader)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "fastreid.mm"]
    assert "has 512 grey values, of which 3 of 256 levels are left" in line
