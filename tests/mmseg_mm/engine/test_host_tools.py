"""mmsegmentation's documented scripts and hooks on a trained network."""

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import MMSegInferencer
from mmseg.structures import SegDataSample

from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets import FiniteRepeatDataset
from mmseg_mm.engine import SaliencyVisualizer, run_host_script
from tests.mmseg_mm.engine.conftest import script
from tests.mmseg_mm.rgbd_files import panels
from tests.mmseg_mm.small_model import samples, squares


def test_show_dir_has_the_soft_map_of_every_image_and_needs_no_training_set(trained, config, scenes, tmp_path):
    script(
        "test.py",
        config,
        tmp_path / "tested",
        str(trained / "epoch_2.pth"),
        "--show-dir",
        str(tmp_path / "shown"),
        "--out",
        str(tmp_path / "maps"),
        **{"train_dataloader.dataset.data_root": "/nowhere"},
    )
    shown = sorted((tmp_path / "shown").rglob("*.png"))
    assert [path.name.split("_")[0] for path in shown] == ["toy", "toy"]
    soft = cv2.imread(str(next((tmp_path / "maps/toy").glob("*.png"))), cv2.IMREAD_GRAYSCALE)
    drawn = panels(cv2.imread(str(shown[0])), 64)
    assert [one.shape for one in drawn] == [(64, 64, 3)] * 4  # image, depth, mask and map
    assert (drawn[3] == soft[..., None]).all() and len(np.unique(soft)) > 10
    name = shown[0].stem.split("_")[1]
    depth = cv2.imread(str(next((scenes / "test/depth").glob(f"{name}.*"))), cv2.IMREAD_GRAYSCALE).astype(int)
    stretched = (depth - depth.min()) * 255 / (depth.max() - depth.min())
    assert np.abs(drawn[1][..., 0] - stretched).max() < 1


def test_browse_dataset(config, tmp_path, capsys):
    """With a repeated training set, as the paper's, and of two sets with the same file names."""
    for name in ("one", "two"):
        run_host_script(
            "browse_dataset",
            [
                config,
                "--not-show",
                "--output-dir",
                str(tmp_path / "browsed"),
                "--cfg-options",
                f"train_dataloader.dataset.name={name}",
            ],
        )
    assert len(list((tmp_path / "browsed").iterdir())) == 16
    _, mask = panels(cv2.imread(str(sorted((tmp_path / "browsed").iterdir())[0])), 64)
    assert mask.shape == (64, 64, 3) and mask.min() < 20 and mask.max() > 235


def test_a_repeated_set_ends():
    """mmengine's own goes on for ever when it is looped over, as browse_dataset.py does."""

    class Three:
        metainfo = {}

        def full_init(self):
            pass

        def __len__(self):
            return 3

        def __getitem__(self, index):
            return index

    repeated = FiniteRepeatDataset.__new__(FiniteRepeatDataset)
    repeated.dataset, repeated.times, repeated._fully_initialized, repeated._ori_len = Three(), 2, True, 3
    found = [item for item, _ in zip(repeated, range(10))]
    assert found == [0, 1, 2, 0, 1, 2]


def test_get_flops(config, capsys):
    run_host_script("get_flops", [config, "--shape", "64"])
    printed = capsys.readouterr().out
    assert "Input shape: (64, 64)" in printed and "Params: 1.452M" in printed


def test_the_inferencer_finds_the_depth_map_beside_the_image(trained, config, scenes, tmp_path):
    inferencer = MMSegInferencer(config, str(trained / "epoch_2.pth"), device="cpu")
    folder = scenes / "test" / "RGB"
    inferencer(str(folder), out_dir=str(tmp_path / "out"))
    assert len(list((tmp_path / "out" / "vis").iterdir())) == len(list((tmp_path / "out" / "pred").iterdir())) == 2
    image = sorted(folder.iterdir())[0]
    found = inferencer(str(image), return_datasamples=True).seg_logits.data
    pair = {"img_path": str(image), "depth_path": str(scenes / "test/depth" / f"{image.stem}.png")}
    assert torch.equal(inferencer([pair], return_datasamples=True).seg_logits.data, found)
    with pytest.raises(InputError, match="no depth_path given for .*lonely.png"):
        cv2.imwrite(str(tmp_path / "lonely.png"), np.zeros((64, 64, 3), np.uint8))
        inferencer(str(tmp_path / "lonely.png"))


def test_best_checkpoints_by_the_mean_over_sets(config, tmp_path):
    folder = script(
        "train.py",
        config,
        tmp_path / "best",
        **{
            "default_hooks.checkpoint.save_best": "sod/mean/Sm",
            "default_hooks.checkpoint.rule": "greater",
            "train_cfg.val_interval": 1,
            "train_cfg.max_epochs": 1,
        },
    )
    best = next(folder.glob("best_sod_mean_Sm_epoch_*.pth"))
    assert torch.load(best, weights_only=True)["message_hub"]["runtime_info"]["best_score"] > 0


def test_a_visualizer_draws_what_there_is(tmp_path):
    visualizer = SaliencyVisualizer(name="test")
    sample = samples(squares(1), dataset_name="SIP")[0]
    image = np.zeros((64, 64, 3), np.uint8)
    visualizer.add_datasample("a", image, sample, out_file=str(tmp_path / "a.png"))
    assert len(panels(cv2.imread(str(tmp_path / "SIP_a.png")), 64)) == 2
    visualizer.add_datasample("a", image, SegDataSample(), out_file=str(tmp_path / "a.png"))
    assert len(panels(cv2.imread(str(tmp_path / "a.png")), 64)) == 1


def test_unknown_scripts_are_named():
    with pytest.raises(InputError, match="no script 'brows'; there are .*analysis_tools/browse_dataset"):
        run_host_script("brows", [])
