"""The folder of the data sets, however it is written."""

import os

import pytest

from fastreid_mm.common.data_root import data_root
from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_dataset
from fastreid_mm.engine.record import list_checksum


@pytest.mark.parametrize(
    "written", ["{root}", "{root}/", "{root}//", "~/data", "data", "./data", "x/../data", "link", "~"]
)
def test_every_way_to_write_it_leads_to_the_same_data(written, regdb_root, tmp_path, monkeypatch, tiny_cfg):
    (tmp_path / "x").mkdir()
    os.symlink(regdb_root, tmp_path / "data")
    os.symlink(tmp_path / "data", tmp_path / "link")
    os.symlink(regdb_root / "RegDB", tmp_path / "RegDB")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    sums = []
    for value in (str(regdb_root), written.format(root=regdb_root)):
        monkeypatch.setenv("FASTREID_DATASETS", value)
        dataset = build_dataset(tiny_cfg(base="RegDB/agw.yml"), "RegDB")
        sums.append(list_checksum([*dataset.train, *dataset.query, *dataset.gallery]))
    assert len(dataset.train) == 96 and sums[0] == sums[1]


def test_without_it_or_with_nothing_it_is_datasets(monkeypatch, tiny_cfg):
    for value in (None, ""):
        monkeypatch.setattr(os, "environ", {} if value is None else {"FASTREID_DATASETS": value})
        assert data_root() == "datasets"
    monkeypatch.setenv("FASTREID_DATASETS", "/nowhere/at/all")
    with pytest.raises(InputError, match="RegDB: folder /nowhere/at/all/RegDB is missing; set FASTREID_DATASETS"):
        build_dataset(tiny_cfg(base="RegDB/agw.yml"), "RegDB")
