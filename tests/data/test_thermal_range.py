"""The range of a training set's thermal images, measured when a run begins."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.grey_range import set_range
from fastreid_mm.data.thermal_range import measured_range
from fastreid_mm.engine.record import run_record
from fastreid_mm.engine.setup import settle

OF_SET = ("INPUT.RANGE_16BIT", "()", "INPUT.RANGE_16BIT_OF", "set")


@pytest.fixture
def regdb(tmp_path, regdb_root, monkeypatch):
    """A copy of RegDB's layout whose thermal images have 16 bits, each with values of its own."""
    root = Path(shutil.copytree(regdb_root, tmp_path / "copied"))
    for number, path in enumerate(sorted((root / "RegDB/Thermal").rglob("*.bmp"))):
        values = np.linspace(29_000 + 10 * number, 31_000, 32 * 16).reshape(32, 16).astype(np.uint16)
        Image.fromarray(values).save(path, format="PNG")
    monkeypatch.setenv("FASTREID_DATASETS", str(root))


def test_each_image_has_the_same_weight():
    images = [np.full((3, 3), 10), np.full((300, 300), 20), np.full((7, 5), 30.0)]
    assert set_range(images, (0, 100)) == (10, 30)
    assert set_range(images, (20, 60)) == (10, 20)
    assert set_range([], (0, 100)) is None


def test_a_run_measures_once_and_keeps_it_in_its_config(regdb, tiny_cfg, caplog):
    cfg = tiny_cfg(*OF_SET, "INPUT.PERCENTILES_16BIT", "(0.0, 100.0)", base="RegDB/agw.yml")
    logger = logging.getLogger("fastreid.mm")
    logger.addHandler(caplog.handler)  # the host's logger does not pass on what it gets
    with caplog.at_level(logging.INFO, logger.name):
        settled = settle(cfg)
    logger.removeHandler(caplog.handler)
    low, high = settled.INPUT.RANGE_16BIT
    assert 29_000 <= low < 29_500 and high == 31_000 and settled.INPUT.RANGE_16BIT_OF == "image"
    assert any("becomes black and 31000 white" in record.getMessage() for record in caplog.records)
    assert run_record(settled, {})["thermal_range"] == [low, high]
    assert measured_range(settled) is None and (low, high) == settle(settled).INPUT.RANGE_16BIT


def test_the_record_tells_of_ranges_other_than_the_default(tiny_cfg):
    assert "thermal_range" not in run_record(tiny_cfg(), {})
    own = run_record(tiny_cfg("INPUT.RANGE_16BIT", "()"), {})["thermal_range"]
    assert own == {"of": "image", "percentiles": [0.1, 99.9]}


def test_nothing_to_measure_is_refused(sysu_datasets, tiny_cfg):
    with pytest.raises(InputError, match="INPUT.RANGE_16BIT must be ()"):
        measured_range(tiny_cfg("INPUT.RANGE_16BIT_OF", "set"))
    with pytest.raises(InputError, match="no training image that was looked at has more than 8 bits"):
        measured_range(tiny_cfg(*OF_SET))
