import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import train_regdb_trials as tool

from fastreid_mm.commands import train_regdb_trials as command


def test_a_trial_is_trained_and_the_mean_is_over_ten(monkeypatch, regdb_root, tiny_config, tmp_path):
    monkeypatch.setenv("FASTREID_DATASETS", str(regdb_root))
    out = tmp_path / "out"
    for trial in range(1, 11):  # all but the second are there already
        if trial != 2:
            (out / f"trial_{trial}").mkdir(parents=True)
            metrics = {"mAP": float(trial), "Rank-1": 1.0, "Rank-10": 1.0, "Rank-20": 1.0, "mINP": 1.0}
            content = {"RegDB": {way: metrics for way in ("visible_to_thermal", "thermal_to_visible")}}
            (out / f"trial_{trial}" / "results.json").write_text(json.dumps(content))
    tool.main(["--config-file", tiny_config("RegDB/cmtr.yml"), "SOLVER.MAX_EPOCH", "1"])
    second = json.loads((out / "trial_2" / "results.json").read_text())["RegDB"]["visible_to_thermal"]
    mean = json.loads((out / "results.json").read_text())["RegDB"]["visible_to_thermal"]
    assert mean["mAP"] == pytest.approx((sum(range(1, 11)) - 2 + second["mAP"]) / 10)
    assert "TRIAL: 2" in (out / "trial_2" / "config.yaml").read_text()


class Noted:
    """In the place of a training's process: leaves what it was started with for results."""

    exitcode = 0

    def __init__(self, target, args):
        self.options = args[0]

    def start(self):
        out = Path(self.options[self.options.index("OUTPUT_DIR") + 1])
        out.mkdir(parents=True, exist_ok=True)
        flags = {flag: flag in self.options for flag in ("--resume", "--overwrite")}
        (out / "results.json").write_text(json.dumps({"RegDB": {"visible_to_thermal": flags}}))

    join = start


def test_overwriting_begins_every_trial_anew_and_a_dry_run_is_refused(
    monkeypatch, regdb_root, tiny_config, tmp_path, capsys
):
    monkeypatch.setenv("FASTREID_DATASETS", str(regdb_root))
    monkeypatch.setattr(command, "get_context", lambda _: SimpleNamespace(Process=Noted))
    monkeypatch.setattr("fastreid_mm.evaluation.results.results_table", str)
    config = ["--config-file", tiny_config("RegDB/cmtr.yml")]
    first = tmp_path / "out" / "trial_1" / "results.json"
    for flag, expected in ((None, (1, 0)), ("--overwrite", (0, 1)), (None, (0, 1))):  # the third finds the second's
        tool.main([*config, *([flag] if flag else [])])
        flags = json.loads(first.read_text())["RegDB"]["visible_to_thermal"]
        assert (flags["--resume"], flags["--overwrite"]) == expected
    with pytest.raises(SystemExit) as error:
        tool.main([*config, "--dry-run"])
    assert error.value.code == 2 and "--dry-run leaves no results" in capsys.readouterr().err


def test_overwriting_leaves_nothing_of_the_trainings_before_and_nothing_is_lost_without_data(
    monkeypatch, regdb_root, tiny_config, tmp_path
):
    kept = [tmp_path / "out" / name for name in ("results.json", "trial_1/results.json", "trial_9/results.json")]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")

    class Stopped(Noted):
        exitcode = 143

        def start(self):
            assert not any(path.exists() for path in kept)

        join = start

    monkeypatch.setattr(command, "get_context", lambda _: SimpleNamespace(Process=Stopped))
    words = ["--config-file", tiny_config("RegDB/cmtr.yml"), "--overwrite"]
    for root, status in ((tmp_path, 2), (regdb_root, 143)):
        assert all(path.exists() for path in kept)
        monkeypatch.setenv("FASTREID_DATASETS", str(root))
        with pytest.raises(SystemExit) as error:
            tool.main(words)
        assert error.value.code == status


def test_a_trial_that_fails_stops_the_command(monkeypatch, regdb_root, tiny_config, tmp_path):
    shutil.copytree(regdb_root, tmp_path / "data")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    (tmp_path / "data" / "RegDB" / "idx" / "train_visible_1.txt").unlink()
    with pytest.raises(SystemExit) as error:
        tool.main(["--config-file", tiny_config("RegDB/cmtr.yml")])
    assert error.value.code == 2
