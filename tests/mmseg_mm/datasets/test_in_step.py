"""Image, depth and mask stay in step through the host's transforms and ours."""

import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope

from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets import RandomBorderCrop, RGBDSODDataset, StackDepth
from tests.mmseg_mm.rgbd_files import write

SIZE = (60, 80)
LOAD = [{"type": "LoadImageFromFile"}, {"type": "LoadDepthFromFile"}]
GEOMETRY = [
    {"type": "RandomBorderCrop"},
    {"type": "RandomFlip", "prob": 0.5},
    {"type": "RandomRotate", "prob": 0.5, "degree": 20, "pad_val": 0, "seg_pad_val": 0},
    {"type": "RandomResize", "scale": (80, 60), "ratio_range": (0.7, 1.5)},
    {"type": "RandomCrop", "crop_size": (36, 40)},
    {"type": "Resize", "scale": (44, 44)},
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """One scene in which image and mask are functions of depth."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    depth = np.round(127 + 100 * np.sin(x / 17 + 0.3) * np.cos(y / 13)).astype(np.uint8)
    folder = tmp_path_factory.mktemp("set")
    write(folder / "RGB/a.png", np.dstack((depth, 255 - depth, depth)))
    write(folder / "depth/a.png", depth)
    write(folder / "GT/a.png", (depth > 127).astype(np.uint8) * 255)
    return folder


def dataset(root, *steps: dict) -> RGBDSODDataset:
    init_default_scope("mmseg")
    pack = {"type": "PackSegInputs", "meta_keys": ("img_path", "depth_path", "dataset_name", "ori_shape")}
    return RGBDSODDataset(data_root=str(root), pipeline=[*LOAD, *steps, pack])


def test_geometric_transforms_keep_step(root):
    samples = dataset(root, {"type": "StackDepth"}, {"type": "LoadSODMask"}, *GEOMETRY)
    np.random.seed(0)
    seen = set()
    for _ in range(60):
        sample = samples[0]
        image, mask = sample["inputs"], sample["data_samples"].gt_sem_seg.data[0]
        blue, green, _, depth = image
        assert image.shape == (4, 44, 44)
        assert (blue - depth).abs().max() < 0.01  # the same function of the same place
        inside = (blue + green - 255).abs() < 0.01  # not what the rotation filled in
        clear = inside & ((depth - 127).abs() > 25)
        assert clear.float().mean() > 0.2
        assert ((depth > 127) == mask.bool())[clear].all()
        seen.add(round(float(depth.mean()), 3))
    assert len(seen) > 50


def test_photometric_changes_touch_the_image_alone(root):
    samples = dataset(root, {"type": "PhotoMetricDistortion"}, {"type": "StackDepth"})
    plain = dataset(root, {"type": "StackDepth"})[0]["inputs"]
    np.random.seed(0)
    drawn = [samples[0]["inputs"] for _ in range(5)]
    assert all((one[3] == plain[3]).all() for one in drawn)
    assert any((one[:3] != plain[:3]).any() for one in drawn)


def test_packed_sample(root):
    sample = dataset(root, {"type": "StackDepth"}, {"type": "LoadSODMask"})[0]
    assert sample["inputs"].shape == (4, *SIZE)
    assert sample["inputs"].min() >= 0 and 200 < sample["inputs"][3].max() <= 255
    assert sample["data_samples"].gt_sem_seg.data.unique().tolist() == [0, 1]
    assert sample["data_samples"].dataset_name == root.name


@pytest.mark.parametrize(
    "steps, message",
    [
        ([{"type": "RandomFlip", "prob": 1.0}, {"type": "StackDepth"}], "must come before flips and resizes"),
        ([{"type": "Resize", "scale": (20, 20)}, {"type": "StackDepth"}], "must come before flips and resizes"),
        ([{"type": "RandomCrop", "crop_size": (20, 20)}, {"type": "StackDepth"}], "do not stack"),
        ([{"type": "RandomBorderCrop"}], "leave the depth map behind"),
    ],
)
def test_a_wrong_order_is_named(root, steps, message):
    with pytest.raises(InputError, match=message):
        dataset(root, *steps)[0]


def test_stacking_needs_depth():
    with pytest.raises(InputError, match=r"a\.jpg: no depth to stack"):
        StackDepth().transform({"img": np.zeros((4, 4, 3)), "img_path": "a.jpg"})


def test_border_crop_is_a_window_of_at_least_seven_eighths():
    rows, columns = np.mgrid[:40, :64]
    sizes, corners = set(), set()
    np.random.seed(0)
    for _ in range(400):
        results = RandomBorderCrop().transform(
            {"img": np.dstack([rows, columns]), "gt_seg_map": rows * 100 + columns, "seg_fields": ["gt_seg_map"]}
        )
        image, mask = results["img"], results["gt_seg_map"]
        top, left = image[0, 0]
        height, width = results["img_shape"]
        assert (image == np.dstack([rows, columns])[top : top + height, left : left + width]).all()
        assert (mask == image[..., 0] * 100 + image[..., 1]).all()
        sizes.add((height, width))
        corners.add((int(top), int(left)))
    assert {height for height, _ in sizes} == set(range(35, 41))
    assert {width for _, width in sizes} == set(range(56, 65))
    assert max(top for top, _ in corners) >= 4 and min(corners) == (0, 0)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_border_crop_share_is_checked(share):
    with pytest.raises(InputError, match=f"got {share}"):
        RandomBorderCrop(share)


def test_pipelines_without_a_data_set(root):
    init_default_scope("mmseg")
    pipeline = Compose([*LOAD, {"type": "StackDepth"}, {"type": "LoadSODMask"}, {"type": "PackSegInputs"}])
    sample = pipeline({"img_path": str(root / "RGB/a.png"), "depth_path": str(root / "depth/a.png")})
    assert sample["inputs"].shape == (4, *SIZE)
