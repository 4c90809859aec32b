import json
import subprocess
import time
from pathlib import Path

import pytest
from comparison import report
from comparison.experiment import Experiment, Row
from comparison.experiments import EXPERIMENTS
from comparison.runs import CONFIGS, Runs

from fastreid_mm.settings.load import load_config

METRICS = ("Rank-1", "mAP")
SMALL = Experiment(
    "SYSUMM01",
    "all_search_1shot",
    METRICS,
    epochs=4,
    period=2,
    options="INPUT.SIZE_TRAIN [64,32]",
    rows={"AGW": Row("agw"), "MUN": Row("mun", "MODEL.MUN.TR_GROUPS 2", "AGW"), "AGW again": Row("agw", tests="AGW")},
    reference="AGW",
)


@pytest.fixture
def commands(monkeypatch):
    """The commands that are run; each leaves at once what the trainer leaves."""
    ran = []

    def pretend(command, **_):
        folder = Path(command[command.index("OUTPUT_DIR") + 1])
        if "--eval-only" in command:
            assert Path(value(command, "MODEL.WEIGHTS")).is_file()
        else:
            time.sleep(0.02)
            (folder / "model_final.pth").touch()
        metrics = dict.fromkeys(METRICS, float(len(ran)))
        results = {"SYSUMM01": {"all_search_1shot": metrics}}
        (folder / "results.json").write_text(json.dumps(results))
        (folder / "references.json").write_text(json.dumps({"untrained": results}))
        tested = {f"SYSUMM01/all_search_1shot/{metric}": 50.0 for metric in METRICS}
        lines = [{"iteration": 9, "lr": 0.1}, {"iteration": 19, **tested}, {"iteration": 40, **tested}]
        (folder / "metrics.json").write_text("\n".join(map(json.dumps, lines)))
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", pretend)
    return ran


def runs_in(folder, weights="weights.pth", epochs=4):
    return Runs("small", SMALL, folder, weights, epochs, threads=1)


def value(command, key):
    return command[command.index(key) + 1]


def test_each_run_is_made_once_and_a_trained_network_is_tested_again_at_its_end(commands, tmp_path):
    runs = runs_in(tmp_path)
    runs.run(SMALL.rows, [1, 2], jobs=1)
    assert [value(command, "SEED") for command in commands] == ["1", "1", "2", "2", "1", "2"]
    assert all(value(command, "INPUT.SIZE_TRAIN") == "[64,32]" for command in commands)
    assert value(commands[1], "MODEL.MUN.TR_GROUPS") == "2" and "--resume" in commands[1]
    assert "--eval-only" in commands[4]
    assert value(commands[4], "MODEL.WEIGHTS") == str(runs.folder_of("AGW", 1) / "model_final.pth")
    runs_in(tmp_path).run(SMALL.rows, [1, 2], jobs=1)
    assert len(commands) == 6


def test_a_network_is_tested_again_only_when_all_runs_at_a_time_have_trained_it(commands, tmp_path):
    runs_in(tmp_path).run(["AGW", "AGW again"], [1], jobs=2)
    assert len(commands) == 2


def test_the_file_of_measurements_alone_says_what_is_done(commands, tmp_path):
    runs_in(tmp_path / "here").run(["AGW"], [1], jobs=1)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/small.json").write_text((tmp_path / "here/small.json").read_text())
    runs_in(tmp_path / "there").run(["AGW"], [1, 2], jobs=1)
    assert [value(command, "SEED") for command in commands] == ["1", "2"]


def test_what_was_measured_otherwise_is_refused_and_not_mixed(commands, tmp_path):
    runs_in(tmp_path, epochs=2).run(["AGW"], [1], jobs=1)
    with pytest.raises(SystemExit, match=r"small.json was measured with epochs 2, not 4: give another --output"):
        runs_in(tmp_path).run(["AGW"], [1, 2], jobs=1)
    with pytest.raises(SystemExit, match="weights 'weights.pth', not 'other.pth'"):
        runs_in(tmp_path, "other.pth", epochs=2).run(["AGW"], [2], jobs=1)
    runs_in(tmp_path, "elsewhere/weights.pth", epochs=2).run(["AGW"], [1, 2], jobs=1)
    assert len(commands) == 2


def test_a_file_that_does_not_say_is_of_the_experiments_own_epochs(commands, tmp_path):
    (tmp_path / "small.json").write_text(json.dumps({"AGW": {"1": [{"epoch": 4, "Rank-1": 1.0, "mAP": 1.0}]}}))
    with pytest.raises(SystemExit, match="epochs 4, not 2"):
        runs_in(tmp_path, epochs=2).run(["AGW"], [1], jobs=1)
    runs_in(tmp_path).run(["AGW"], [1], jobs=1)
    assert not commands and runs_in(tmp_path).measured["AGW"]["1"][-1]["mAP"] == 1.0


def test_curves_end_with_the_results(commands, tmp_path):
    runs = runs_in(tmp_path)
    runs.run(["AGW"], [1], jobs=1)
    assert runs.measured["AGW"]["1"] == [
        {"epoch": 2, "Rank-1": 50.0, "mAP": 50.0},
        {"epoch": 4, "Rank-1": 0.0, "mAP": 0.0},
    ]
    assert runs.measured["untrained"]["1"][-1]["mAP"] == 0.0


def test_differences_are_paired_by_seed(tmp_path):
    def ends(*values):
        return {str(seed): [{"epoch": 4, "Rank-1": v, "mAP": v}] for seed, v in values}

    measured = {"AGW": ends((1, 10.0), (2, 20.0), (3, 30.0)), "MUN": ends((1, 11.0), (2, 23.0), (9, 99.0))}
    assert "| MUN | AGW | +2.0 ± 1.0 | +2.0 ± 1.0 | 2 |" in report.differences(SMALL, measured)
    once = measured | {"MUN": ends((2, 23.0))}
    assert "| MUN | AGW | +3.0 | +3.0 | 1 |" in report.differences(SMALL, once)
    assert "| AGW | 20.0 ± 10.0 | 20.0 ± 10.0 | 3 |" in report.table(SMALL, measured)
    report.draw_curves(SMALL, measured, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_row_is_a_config_with_known_options(name):
    experiment = EXPERIMENTS[name]
    assert experiment.reference in experiment.rows
    for row in experiment.rows.values():
        load_config(str(CONFIGS / f"{row.config}.yml"), [*experiment.options.split(), *row.options.split()])
        assert not row.base or row.base in experiment.rows
        assert not row.tests or row.tests in experiment.rows
