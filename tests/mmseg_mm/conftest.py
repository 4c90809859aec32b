"""Quick runs of the host, pairs of image and depth, and an untrained network that all who predict share."""

import cv2
import numpy as np
import pytest
import torch

from mmseg_mm.trained_model import init_rgbd_model
from tests.mmseg_mm.small_model import build_model, small_config


@pytest.fixture(scope="package", autouse=True)
def quick_start():
    """Runs that neither look up the versions of everything first nor lay out the text of a config with every file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmengine.runner.runner.collect_env", dict)
        patch.setattr("mmengine.config.config.FormatCode", lambda text, **_: (text, True))
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Two pairs of 50 x 40, a config and a checkpoint."""
    root, random = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for name in ("a", "b"):
        for kind, shape in (("RGB", (40, 50, 3)), ("depth", (40, 50))):
            (root / kind).mkdir(exist_ok=True)
            cv2.imwrite(str(root / kind / f"{name}.png"), random.integers(0, 256, shape, np.uint8))
    config = small_config()
    config.dump(root / "config.py")
    names = {"classes": ("background", "salient"), "palette": [[0, 0, 0], [255, 255, 255]]}  # which init_model needs
    torch.save({"meta": {"dataset_meta": names}, "state_dict": build_model(config).state_dict()}, root / "weights.pth")
    return root


@pytest.fixture(scope="session")
def model(folder):
    return init_rgbd_model(folder / "config.py", folder / "weights.pth")
