"""The moving average is that of a loop, is tested besides the weights, and goes on where it was stopped."""

import pytest
import torch
from fastreid.engine import hooks

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.safe_load import load_safely
from fastreid_mm.engine import MMTrainer
from fastreid_mm.inference.testing import evaluate_only
from fastreid_mm.settings.load import with_values

pytestmark = pytest.mark.usefixtures("sysu_datasets")
EMA = ("SOLVER.EMA.ENABLED", True, "SOLVER.EMA.DECAY", 0.75, "SOLVER.MAX_EPOCH", 2)


class NaiveAverage(hooks.HookBase):
    """Every tensor of the network, averaged one by one."""

    def before_train(self):
        self.state = {name: value.clone() for name, value in self.trainer.model.state_dict().items()}

    def after_step(self):
        for name, value in self.trainer.model.state_dict().items():
            old = self.state[name]
            self.state[name] = 0.75 * old + 0.25 * value if value.is_floating_point() else value.clone()


class StopAt(hooks.HookBase):
    def before_epoch(self):
        if self.trainer.epoch == 1:
            raise RuntimeError("power cut")


def test_the_average_is_that_of_a_loop_and_is_tested_and_saved(tiny_cfg, tmp_path):
    trainer, naive = MMTrainer(tiny_cfg(*EMA)), NaiveAverage()
    trainer.register_hooks([naive])
    results = trainer.train()
    found = trainer.average.model.state_dict()
    for name, value in naive.state.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=1e-4, msg=name)
    assert not torch.equal(found["heads.classifier.weight"], trainer.model.state_dict()["heads.classifier.weight"])
    assert set(results) == {"SYSUMM01", "SYSUMM01-EMA"}
    weights = [results[name]["all_search_1shot"]["weights"] for name in ("SYSUMM01", "SYSUMM01-EMA")]
    assert weights == ["trained", "moving average, decay 0.75"]
    cfg = with_values(
        trainer.cfg, MODEL__WEIGHTS=str(tmp_path / "out" / "averaged.pth"), OUTPUT_DIR=str(tmp_path / "t")
    )
    tested = evaluate_only(cfg)["SYSUMM01"]
    assert tested["all_search_1shot"]["mAP"] == results["SYSUMM01-EMA"]["all_search_1shot"]["mAP"]


def test_a_resumed_average_is_the_same_to_the_bit(tiny_cfg, tmp_path, monkeypatch):
    monkeypatch.setattr(MMTrainer, "test", classmethod(lambda *_: {}))
    MMTrainer(tiny_cfg(*EMA, output="whole")).train()
    cut = MMTrainer(tiny_cfg(*EMA, output="cut"))
    cut.register_hooks([StopAt()])
    with pytest.raises(RuntimeError, match="power cut"):
        cut.train()
    with pytest.raises(InputError, match=r"SOLVER.EMA.ENABLED False: the checkpoint to resume is of True"):
        MMTrainer(tiny_cfg(*EMA, "SOLVER.EMA.ENABLED", False, output="cut")).resume_or_load(resume=True)
    resumed = MMTrainer(tiny_cfg(*EMA, output="cut"))
    resumed.resume_or_load(resume=True)
    resumed.train()
    for name in ("averaged.pth", "model_final.pth"):
        one, other = (load_safely(str(tmp_path / run / name)) for run in ("whole", "cut"))
        for key in ("model", *(["ema"] if name == "model_final.pth" else [])):
            assert one[key].keys() == other[key].keys()
            assert all(torch.equal(value, other[key][part]) for part, value in one[key].items()), (name, key)


def test_expected_results_may_be_those_of_the_average(tiny_cfg):
    expected = "[['{}', 'all_search_1shot', 'mAP', 50.0, 50.0]]"
    MMTrainer(tiny_cfg(*EMA, "TEST.EXPECTED_RESULTS", expected.format("SYSUMM01-EMA")))
    with pytest.raises(InputError, match="SYSUMM01-EMA"):
        MMTrainer(tiny_cfg("TEST.EXPECTED_RESULTS", expected.format("SYSUMM01-EMA")))
