"""Samples and loaders of aligned data sets."""

import random

import numpy as np
import pytest
import torch
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import read_rgb
from fastreid_mm.data import CrossModalityIdentitySampler
from fastreid_mm.data.aligned_set import AlignedSet
from fastreid_mm.data.build import build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.datasets import Source
from fastreid_mm.data.modalities import aligned_modalities
from tests.conftest import write_image, write_strip


@pytest.fixture
def cfg_of(tiny_cfg, monkeypatch, rgbnt201_root, rgbn300_root, tmp_path):
    """A config for an aligned set; both sets lie under one root."""
    (tmp_path / "sets").mkdir()
    for root in (rgbnt201_root, rgbn300_root):
        name = next(root.iterdir()).name
        (tmp_path / "sets" / name).symlink_to(root / name)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "sets"))

    def build(name, *options):
        return tiny_cfg(
            "DATASETS.NAMES",
            f"('{name}',)",
            "DATASETS.TESTS",
            f"('{name}',)",
            "DATALOADER.SAMPLER_TRAIN",
            "NaiveIdentitySampler",
            "SOLVER.IMS_PER_BATCH",
            8,
            *options,
        )

    return build


def drawn(image):
    """A transform that draws from all three generators: the draws as (3, 1, 1)."""
    return torch.stack([torch.tensor(random.random()), torch.tensor(np.random.rand()), torch.rand(())]).view(3, 1, 1)


def test_a_strip_is_decoded_once(tmp_path):
    strip = tmp_path / "strip.png"
    Image.fromarray(np.arange(6 * 4 * 3, dtype=np.uint8).reshape(4, 6, 3)).save(strip)
    read = []
    item = str(strip), 5, 2, tuple(Source(str(strip), (place, 0, place + 2, 4)) for place in (0, 2, 4))
    samples = AlignedSet(
        [item],
        lambda image: torch.tensor(np.array(image)).permute(2, 0, 1),
        relabel=False,
        read=lambda *given: read.append(given) or read_rgb(*given),
    )
    images = samples[0]["images"]
    assert len(read) == 1 and torch.equal(torch.cat([*images], 2), torch.arange(72).reshape(4, 6, 3).permute(2, 0, 1))


def equal_item(tmp_path):
    write_image(tmp_path / "same.png", 1)
    path = str(tmp_path / "same.png")
    return path, 5, 2, (Source(path), Source(path), Source(path))


def test_shared_draws_are_the_same_for_every_modality_and_new_for_every_sample(tmp_path):
    samples = AlignedSet([equal_item(tmp_path)], drawn, relabel=False)
    first, second = samples[0]["images"], samples[0]["images"]
    assert torch.equal(first[0], first[1]) and torch.equal(first[1], first[2])
    assert not (first[0] == second[0]).any()
    apart = AlignedSet([equal_item(tmp_path)], drawn, relabel=False, shared_draws=False)[0]["images"]
    assert not (apart[0] == apart[1]).any() and not (apart[1] == apart[2]).any()


def test_the_draws_of_a_sample_follow_from_the_seeds(tmp_path):
    def run(shared):
        random.seed(1), np.random.seed(1), torch.manual_seed(1)
        samples = AlignedSet([equal_item(tmp_path)], drawn, relabel=False, shared_draws=shared)
        return torch.stack([samples[0]["images"] for _ in range(3)])

    assert torch.equal(run(True), run(True)) and torch.equal(run(False), run(False))
    assert torch.equal(run(True)[0, 0], run(False)[0, 0])  # the first modality's are those of a plain image


@pytest.mark.parametrize("shared", [True, False])
def test_the_key_shares_the_flips_of_the_host(cfg_of, monkeypatch, tmp_path, shared):
    cfg = cfg_of("RGBNT201", "INPUT.SHARED_DRAWS", shared, "INPUT.REA.ENABLED", False)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    for part, ids in {"train_171": (1, 2, 3, 4), "test": (5,)}.items():
        for modality in ("RGB", "NI", "TI"):  # the same picture in each
            for pid in ids:
                for camera in (1, 2):
                    write_image(tmp_path / "RGBNT201" / part / modality / f"{pid:06d}_cam{camera}_0_00.jpg", 10 * pid)
    images = next(iter(build_train_loader(cfg)))["images"]  # (8, 3, 3, 32, 16)
    alike = (images[:, :1] == images).flatten(1).all(1)
    assert alike.all() if shared else not alike.all()
    for sample in images:
        for view in sample:
            assert torch.equal(view, sample[0]) or torch.equal(view.flip(-1), sample[0])


def test_missing_modalities_are_neither_read_nor_guessed(tmp_path):
    path, *rest, sources = equal_item(tmp_path)
    item = (path, *rest, (sources[0], Source(str(tmp_path / "not there.jpg")), sources[2]))
    sample = AlignedSet([item], drawn, relabel=False, missing=(1,))[0]
    assert sample["modality_mask"].tolist() == [True, False, True] and sample["modality_mask"].dtype == torch.bool
    assert sample["images"].shape == (3, 3, 1, 1) and not sample["images"][1].any() and sample["images"][0].all()
    with pytest.raises(InputError, match="not there.jpg"):
        AlignedSet([item], drawn, relabel=False)[0]


def test_a_tile_is_cut_before_it_is_transformed(tmp_path):
    write_strip(tmp_path / "strip.png", 3)
    path, seen = str(tmp_path / "strip.png"), []
    item = (path, 0, 0, (Source(path, (256, 0, 512, 128)), Source(path, (0, 0, 256, 128))))
    AlignedSet([item], lambda image: seen.append(image) or torch.zeros(3, 1, 1), relabel=False)[0]
    strip = Image.open(path)
    assert [image.tobytes() for image in seen] == [strip.crop(source.box).tobytes() for source in item[3]]


@pytest.mark.parametrize("name, modalities", [("RGBNT201", 3), ("RGBN300", 2)])
@pytest.mark.parametrize("workers", [0, 2])
def test_training_batches_follow_the_contract_and_repeat(cfg_of, name, modalities, workers):
    loader = build_train_loader(cfg_of(name, "DATALOADER.NUM_WORKERS", workers))
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    first = list(loader)
    for batch in first:
        assert batch["images"].shape == (8, modalities, 3, 32, 16) and batch["images"].dtype == torch.float32
        assert batch["modality_mask"].shape == (8, modalities) and batch["modality_mask"].dtype == torch.bool
        assert batch["modality_mask"].all() and batch["images"].max() > 1
        assert batch["targets"].max() < 6 and len(set(batch["targets"].tolist())) == 4
        assert len(batch["img_paths"]) == 8 and batch["camids"].shape == (8,)
    loader.set_epoch(0)
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    for before, again in zip(first, loader):
        assert torch.equal(before["images"], again["images"]) and before["img_paths"] == again["img_paths"]


def test_the_test_loader_drops_what_the_config_says(cfg_of):
    cfg = cfg_of("RGBNT201", "TEST.MISSING", "('TI',)", "DATASETS.ALIGNED.MODALITIES", "('TI','RGB')")
    dataset = build_dataset(cfg, "RGBNT201")
    batches = list(build_test_loader(cfg, dataset))
    paths = [path for batch in batches for path in batch["img_paths"]]
    assert paths == [item[0] for item in dataset.query + dataset.gallery]
    for batch in batches:
        assert not batch["images"][:, 0].any() and batch["images"][:, 1].any()
        assert batch["modality_mask"].tolist() == [[False, True]] * len(batch["img_paths"])


@pytest.mark.parametrize(
    "name, options, words",
    [
        ("RGBNT201", ("TEST.MISSING", "('NIR',)"), "TEST.MISSING: 'NIR' is not one of .*RGB, NI, TI"),
        ("RGBN300", ("TEST.MISSING", "('NIR','RGB')"), "TEST.MISSING .* leaves none of the modalities RGB, NIR"),
        (
            "RGBN300",
            ("DATASETS.ALIGNED.MODALITIES", "('RGB','TIR')"),
            "DATASETS.ALIGNED.MODALITIES .*RGBN300's RGB, NIR",
        ),
        ("RGBNT201", ("DATALOADER.SAMPLER_TRAIN", "CrossModalityIdentitySampler"), "needs visible-infrared data sets"),
        ("RGBNT201", ("DATASETS.NAMES", "('RGBNT201','RGBN300')"), "RGBNT201 RGB . NI . TI, RGBN300 RGB . NIR"),
        ("RGBNT201", ("DATASETS.TESTS", "('SYSUMM01',)"), "RGBNT201 RGB . NI . TI, SYSUMM01 single images"),
        ("RGBNT201", ("INPUT.CHANNEL_AUGMENTATION.ENABLED", True), "INPUT.CHANNEL_AUGMENTATION"),
    ],
)
def test_what_a_config_cannot_have_is_refused_before_training(cfg_of, name, options, words):
    with pytest.raises(InputError, match=words):
        build_train_loader(cfg_of(name, *options))


def test_missing_modalities_of_single_images_are_refused(tiny_cfg, sysu_datasets):
    cfg = tiny_cfg("TEST.MISSING", "('RGB',)")
    assert aligned_modalities(cfg) == ()
    with pytest.raises(InputError, match="TEST.MISSING: 'RGB' .*single images"):
        build_dataset(cfg, "SYSUMM01")


def test_the_cross_modality_sampler_refuses_items_of_other_kinds(tmp_path):
    for item in (equal_item(tmp_path), ("plain.jpg", 0, 0)):
        with pytest.raises(InputError, match=f"visible-infrared data sets in DATASETS.NAMES, {item[0]}"):
            CrossModalityIdentitySampler([item] * 8, 4, 1)
