"""RGB-T sets in their own layout, and the range of their thermal images."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastreid_mm.commands.check_data import main as check_data
from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets import LoadSODMask, LoadThermalFromFile, RGBTSODDataset
from mmseg_mm.engine.run_record import thermal_range
from tests.mmseg_mm.rgbd_files import SIZE, near_square, write
from tests.mmseg_mm.small_model import CONFIGS

RANDOM = np.random.default_rng(0)


def write_vt(root, names=("1", "2"), thermal=None, suffix=".jpg"):
    """Write a set with false colours, or with the given thermal values, in the layout of VT5000."""
    values = RANDOM.integers(0, 256, (*SIZE, 3), np.uint8) if thermal is None else thermal
    for name in names:
        write(root / "RGB" / f"{name}.jpg", RANDOM.integers(0, 256, (*SIZE, 3), np.uint8))
        write(root / "T" / f"{name}{suffix}", values)
        write(root / "GT" / f"{name}.png", near_square()[1])
    return root


def test_the_layout_of_vt5000(tmp_path):
    write_vt(tmp_path / "VT5000/Test")
    sets = [{"name": "VT5000", "data_root": "VT5000/Test", "num_samples": 2}]
    dataset = RGBTSODDataset(data_root=str(tmp_path), sets=sets, pipeline=[LoadThermalFromFile()])
    sample = dataset.get_data_info(0)
    assert sample["thermal_path"] == str(tmp_path / "VT5000/Test/T/1.jpg") and sample["dataset_name"] == "VT5000"
    assert "depth_path" not in sample and dataset[0]["thermal"].shape == (*SIZE, 3)


def test_the_range_of_a_set_is_measured_once_and_the_same_for_all(tmp_path):
    values = np.linspace(1000, 2000, SIZE[0] * SIZE[1]).reshape(SIZE).astype(np.uint16)
    write_vt(tmp_path / "a", ("1",), values, ".png")
    write(tmp_path / "a/T/2.png", values + 1000)
    for folder in ("RGB", "GT"):
        source = next((tmp_path / "a" / folder).iterdir())
        source.with_name(f"2{source.suffix}").write_bytes(source.read_bytes())
    loader = LoadThermalFromFile(value_range="set", percentiles=(0, 100))
    dataset = RGBTSODDataset(data_root=str(tmp_path / "a"), pipeline=[loader])
    ranges = [dataset.get_data_info(index)["thermal_range"] for index in range(2)]
    assert ranges == [(1000, 3000)] * 2
    first, second = (dataset[index]["thermal"].astype(float) for index in range(2))
    np.testing.assert_allclose(second - first, 127.5, atol=1)  # 1000 of 2000 values
    runner = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset))
    assert thermal_range(runner) == {"thermal_range": {"a": [1000, 3000]}}
    given = RGBTSODDataset(data_root=str(tmp_path / "a"), pipeline=[loader], thermal_range=[0, 4000])
    assert int(given[1]["thermal"].max()) == pytest.approx(191, abs=1)
    with pytest.raises(InputError, match=r"thermal_range \(5, 4\) is not the value that becomes black"):
        RGBTSODDataset(data_root=str(tmp_path / "a"), thermal_range=(5, 4))


def test_ends_of_names_without_a_format(tmp_path):
    write_vt(tmp_path)
    for folder, end in (("T", "_thermal"), ("GT", "-gt")):
        for path in (tmp_path / folder).iterdir():
            path.rename(path.with_name(f"{path.stem}{end}{path.suffix}"))
    dataset = RGBTSODDataset(data_root=str(tmp_path), thermal_suffix="_thermal", seg_map_suffix="-gt")
    assert len(dataset) == 2 and dataset.get_data_info(1)["seg_map_path"].endswith("2-gt.png")


def test_other_sizes_are_refused_unless_they_are_resized(tmp_path):
    write_vt(tmp_path)
    write(tmp_path / "T/1.jpg", np.full((12, 16, 3), 9, np.uint8))
    write(tmp_path / "GT/2.png", np.repeat(np.repeat(near_square()[1], 2, 0), 2, 1))
    with pytest.raises(InputError, match="2 samples of unequal sizes"):
        RGBTSODDataset(data_root=str(tmp_path))
    size = {"img": np.zeros((*SIZE, 3), np.uint8), "ori_shape": SIZE}
    pipeline = [lambda sample: {**sample, **size}, LoadThermalFromFile(), LoadSODMask()]
    dataset = RGBTSODDataset(data_root=str(tmp_path), resize=True, pipeline=pipeline)
    assert dataset[0]["thermal"].shape == (*SIZE, 3)
    assert np.array_equal(dataset[1]["gt_seg_map"] * 255, near_square()[1])


def test_check_data_reads_thermal_images(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SOD_DATASETS", str(tmp_path))
    for part in ("train", "test"):
        write_vt(tmp_path / part)
    config = str(CONFIGS / "mutualformer_rgbt_demo.py")
    check_data([config, "--workers", "1"])
    assert "no problems" in capsys.readouterr().out
    write(tmp_path / "train/T/1.jpg", np.full((*SIZE, 3), 9, np.uint8))
    (tmp_path / "test/T/2.jpg").write_bytes(b"broken")
    with pytest.raises(SystemExit, match="2"):
        check_data([config, "--workers", "1"])
    told = capsys.readouterr().out
    assert f"thermal image {tmp_path}/train/T/1.jpg is 9 everywhere" in told
    assert f"{tmp_path}/test/T/2.jpg is not an image that can be read" in told
