"""A folder of images and networks with random weights, for the commands that search."""

import pytest
import torch
from fastreid.modeling import build_model

from fastreid_mm.engine.checkpoint import SafeCheckpointer
from tests.conftest import write_image


@pytest.fixture
def folder(tmp_path):
    """A folder of 12 images in folders, and one of 3 queries, which are of the first of them."""
    for number in range(12):
        write_image(tmp_path / "gallery" / f"{number % 3}" / f"{number:02d}.png", number)
    for number in range(3):
        write_image(tmp_path / "query" / f"{number}.jpg", number)
    return tmp_path


@pytest.fixture
def arguments(tiny_cfg, tiny_config, tmp_path):
    """Makes a config and a checkpoint, and the arguments that every command takes."""

    def make(base="SYSU/cmtr.yml", seed=0):
        torch.manual_seed(seed)
        model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6, base=base))
        SafeCheckpointer(model, str(tmp_path)).save(f"model{seed}", num_classes=6)
        weights = str(tmp_path / f"model{seed}.pth")
        return ["--config-file", tiny_config(base), "--weights", weights, "--batch-size", "5"]

    return make
