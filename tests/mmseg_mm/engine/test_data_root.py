"""One variable or one option says where the data are."""

import pytest
from mmengine.config import Config

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import DataRootHook, run_host_script
from mmseg_mm.engine.data_root import DATA_ROOT
from tests.mmseg_mm.small_model import CONFIGS

ALL = sorted(CONFIGS.glob("*.py"))


def roots(config):
    datasets = [config[f"{part}_dataloader"].dataset for part in ("train", "val", "test")]
    return [dataset.get("dataset", dataset).data_root for dataset in datasets]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_variable_moves_every_data_set(path, monkeypatch):
    monkeypatch.setenv(DATA_ROOT, "/elsewhere")
    assert all(root.startswith("/elsewhere") for root in roots(Config.fromfile(path)))


def test_the_option_does_the_same_for_every_script_that_we_run(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)  # print_config.py leaves a file
    monkeypatch.setenv(DATA_ROOT, "/before")
    run_host_script(
        "print_config",
        [str(CONFIGS / "mutualformer_r50_352x352.py"), "--cfg-options", "data_root=/elsewhere", "randomness.seed=3"],
    )
    printed = capsys.readouterr().out
    assert "data_root='/elsewhere/train'" in printed and "data_root='/elsewhere/test'" in printed
    assert "/before" not in printed and "seed=3" in printed


def test_an_option_without_effect_is_refused(monkeypatch):
    """As mmsegmentation's own scripts read the file before they look at their options."""
    monkeypatch.delenv(DATA_ROOT, raising=False)
    config = Config.fromfile(ALL[-1])
    DataRootHook().before_run(Runner(config))
    config.merge_from_dict({"data_root": "/elsewhere"})
    with pytest.raises(InputError, match="data_root=/elsewhere .* no effect.*SOD_DATASETS=/elsewhere"):
        DataRootHook().before_run(Runner(config))
    config.train_dataloader.dataset.dataset.data_root = "/elsewhere_before/train"
    with pytest.raises(InputError, match="no effect"):
        DataRootHook().before_run(Runner(config))
    config.train_dataloader.dataset.dataset.data_root = "/elsewhere/train"  # a config of the user's own
    DataRootHook().before_run(Runner(config))


class Runner:
    def __init__(self, config):
        self.cfg = config
