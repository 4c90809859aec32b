"""The corrupted test on top of any visible-infrared protocol."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_corrupted_loader, build_dataset, build_test_loader
from fastreid_mm.data.items import query_and_gallery
from fastreid_mm.data.modalities import require_corruptible
from fastreid_mm.engine import MMTrainer
from fastreid_mm.protocols import build_evaluator
from tests.conftest import write_image

ENABLED = ("TEST.CORRUPTION.ENABLED", True)


class Colours(torch.nn.Module):
    """Features that are the mean colours of sixteen parts of an image; keeps what it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, batch):
        self.asked += list(zip(batch["img_paths"], batch["modalities"].tolist()))
        return self.features(batch["images"])

    @staticmethod
    def features(images):
        return torch.nn.functional.adaptive_avg_pool2d(images, 4).flatten(1)

    def pairwise_distance(self, query, gallery):
        return torch.cdist(query, gallery)


@pytest.fixture
def roots(monkeypatch, sysu_root, regdb_root, rgbnt201_root):
    found = {"SYSU/cmtr.yml": sysu_root, "RegDB/cmtr.yml": regdb_root, "RGBNT201/ieee.yml": rgbnt201_root}
    return lambda base: monkeypatch.setenv("FASTREID_DATASETS", str(found[base]))


def run_test(cfg):
    model = Colours()
    return MMTrainer.test(cfg, model), model


def images_by_path(loader):
    return {path: image for batch in loader for path, image in zip(batch["img_paths"], batch["images"])}


@pytest.mark.parametrize(("base", "name"), [("SYSU/cmtr.yml", "SYSUMM01"), ("RegDB/cmtr.yml", "RegDB")])
def test_each_repetition_ranks_new_visible_features_with_the_clean_infrared_ones(roots, tiny_cfg, base, name):
    roots(base)
    cfg = tiny_cfg(*ENABLED, "TEST.CORRUPTION.REPETITIONS", 2, base=base)
    results, model = run_test(cfg)
    dataset, found = build_dataset(cfg, name), []
    evaluator = build_evaluator(cfg, dataset)
    evaluator.distance = model.pairwise_distance
    for repetition in range(2):  # as a plain test of images that were corrupted beforehand
        views = images_by_path(build_test_loader(cfg, dataset))
        corrupted = images_by_path(build_corrupted_loader(cfg, dataset, repetition))
        assert list(corrupted) == [item.img_path for item in query_and_gallery(dataset) if item.modality == 0]
        evaluator.reset()
        evaluator.process({}, Colours.features(torch.stack(list((views | corrupted).values()))))
        found.append(evaluator.evaluate())
    assert set(results) == {name, f"{name}-C", f"{name}-C_deviation"}
    for setting, metrics in results[f"{name}-C"].items():
        first, second = (run[setting]["mAP"] for run in found)
        assert first != second and metrics["mAP"] == pytest.approx((first + second) / 2, abs=1e-4)
        deviation = results[f"{name}-C_deviation"][setting]["mAP"]
        assert deviation == pytest.approx(abs(first - second) / np.sqrt(2), abs=1e-4)


def test_infrared_images_go_through_the_network_once(roots, tiny_cfg):
    roots("SYSU/cmtr.yml")
    _, model = run_test(tiny_cfg(*ENABLED, "TEST.CORRUPTION.REPETITIONS", 2))
    counts = {modality: [path for path, which in model.asked if which == modality] for modality in (0, 1)}
    assert len(counts[1]) == len(set(counts[1])) > 0
    assert len(counts[0]) == 3 * len(set(counts[0])) > 0  # clean, and twice corrupted


def test_results_say_what_they_are_of(roots, tiny_cfg):
    roots("RegDB/cmtr.yml")
    options = (*ENABLED, "TEST.CORRUPTION.REPETITIONS", 2, "TEST.CORRUPTION.SEED", 5)
    results, _ = run_test(tiny_cfg(*options, base="RegDB/cmtr.yml"))
    clean, _ = run_test(tiny_cfg(base="RegDB/cmtr.yml"))
    assert results["RegDB"] == clean["RegDB"]
    for part, rule in (("RegDB-C", "mean"), ("RegDB-C_deviation", "standard deviation")):
        assert list(results[part]) == ["visible_to_thermal", "thermal_to_visible"]
        for metrics in results[part].values():
            assert metrics["corruption"] == f"{rule} of 2 repetitions, seed 5, drawn frost"
            assert metrics["gallery"] == "all images"
    again, _ = run_test(tiny_cfg(*options, "SEED", 8, base="RegDB/cmtr.yml"))
    assert again == results  # the same images for every network


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("TEST.CORRUPTION.REPETITIONS", 0), "TEST.CORRUPTION.REPETITIONS 0 is not 1 or more"),
        (("TEST.CORRUPTION.SEED", -1), "TEST.CORRUPTION.SEED -1 is not 0 or more"),
        (("TEST.CORRUPTION.FROST", "nowhere"), "TEST.CORRUPTION.FROST: folder nowhere cannot be read"),
    ],
)
def test_what_cannot_be_done_is_refused_before_training(roots, tiny_cfg, options, line):
    roots("SYSU/cmtr.yml")
    with pytest.raises(InputError, match=line):
        MMTrainer(tiny_cfg(*ENABLED, *options))


def test_what_is_left_out_of_the_folder_of_frost_is_said(roots, tiny_cfg, tmp_path, caplog):
    roots("SYSU/cmtr.yml")
    for number in range(1, 7):
        write_image(tmp_path / "frost" / f"frost{number}.jpg", number)
    cfg = tiny_cfg(*ENABLED, "TEST.CORRUPTION.FROST", str(tmp_path / "frost"))
    require_corruptible(cfg, build_dataset(cfg, "SYSUMM01"))
    assert f"TEST.CORRUPTION.FROST: left out 1, the first: {tmp_path / 'frost' / 'frost6.jpg'}" in caplog.text


def test_sets_without_both_modalities_are_refused(roots, tiny_cfg):
    roots("RGBNT201/ieee.yml")
    cfg = tiny_cfg(*ENABLED, base="RGBNT201/ieee.yml")
    with pytest.raises(InputError, match="visible-infrared test set, and RGBNT201 is not one"):
        build_evaluator(cfg, build_dataset(cfg, "RGBNT201"))
    for items in ([("a.jpg", 0, 1)], [("a.jpg", 0, 1, 0)], [("a.jpg", 0, 1, 1)]):
        with pytest.raises(InputError, match="SimpleNamespace is not one"):
            build_evaluator(cfg, SimpleNamespace(query=items, gallery=items))


def test_opencv_is_asked_for_where_it_is_needed(roots, tiny_cfg, monkeypatch):
    roots("SYSU/cmtr.yml")
    monkeypatch.setattr("fastreid_mm.common.errors.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'not installed: cv2; pip install "fastreid-mm\[corruption\]" brings it'):
        MMTrainer(tiny_cfg(*ENABLED))
