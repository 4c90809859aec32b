"""What a training or a test leaves: log, metrics, events, results, checkpoints, pictures."""

import json

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fastreid_mm.engine import MMTrainer
from fastreid_mm.evaluation.query_scores import load_query_scores
from fastreid_mm.evaluation.results import numbers_only
from fastreid_mm.inference.testing import evaluate_only

pytestmark = pytest.mark.usefixtures("sysu_datasets")


def logged(cfg):
    """The lines of metrics.json."""
    with open(f"{cfg.OUTPUT_DIR}/metrics.json") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("period", [0, 1, 3])
def test_every_test_reaches_the_log_and_every_metric_the_files(tiny_cfg, log, period):
    """The host's writers drop what comes later for an iteration they have written: the final test was in no file."""
    cfg = tiny_cfg("TEST.EVAL_PERIOD", period)
    trainer = MMTrainer(cfg)
    results = trainer.train()
    tables = [message for message in log if "all_search_1shot" in message]
    assert len(tables) == (2 if period == 1 else 1)
    score = f"{results['SYSUMM01']['all_search_1shot']['mAP']:.2f}"
    assert score in tables[-1] and "indoor_search_10shot" in tables[-1]
    tested = [line for line in logged(cfg) if "SYSUMM01/all_search_1shot/mAP" in line]
    length = trainer.iters_per_epoch
    ends = {0: [2 * length - 1], 1: [length - 1, 2 * length - 1], 3: [2 * length]}  # 3: after the last epoch, not in it
    assert [line["iteration"] for line in tested] == ends[period]
    numbers = {
        f"SYSUMM01/{setting}/{name}": value
        for setting, metrics in results["SYSUMM01"].items()
        for name, value in metrics.items()
        if name not in ("gallery", "initial weights")
    }
    assert {name: value for name, value in tested[-1].items() if name.startswith("SYSUMM01")} == numbers
    events = EventAccumulator(cfg.OUTPUT_DIR)
    events.Reload()
    for name, value in numbers.items():
        assert events.Scalars(name)[-1].value == pytest.approx(value)
    with open(f"{cfg.OUTPUT_DIR}/results.json") as file:
        assert json.load(file) == results


def test_epochs_of_two_iterations_train(tiny_cfg):
    """They are not timed, and the host's printer divided by the iterations since it last printed: none."""
    trainer = MMTrainer(tiny_cfg("SOLVER.IMS_PER_BATCH", 24, "SOLVER.MAX_EPOCH", 1))
    trainer.iters_per_epoch = trainer.max_iter = 2
    assert trainer.train()["SYSUMM01"] and len(logged(trainer.cfg)) == 1


def test_an_untrained_network_is_tested_with_a_loud_warning(tiny_cfg, log):
    cfg = tiny_cfg()
    evaluate_only(cfg)
    assert [message for message in log if "UNTRAINED" in message and "MODEL.WEIGHTS" in message]
    MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    log.clear()
    results = evaluate_only(tiny_cfg("MODEL.WEIGHTS", f"{cfg.OUTPUT_DIR}/model_final.pth", output="tested"))
    assert not [message for message in log if "UNTRAINED" in message]
    with open(tiny_cfg(output="tested").OUTPUT_DIR + "/results.json") as file:
        assert json.load(file) == results


def test_results_checkpoints_and_events_are_there_and_no_best_model(tiny_cfg, tmp_path):
    cfg = tiny_cfg("TEST.RANKED_LISTS", 3, "TEST.REFERENCES", True)
    trainer = MMTrainer(cfg)
    results = trainer.train()
    settings = {f"{mode}_search_{shots}shot" for mode in ("all", "indoor") for shots in (1, 10)}
    references = json.loads((tmp_path / "out" / "references.json").read_text())
    assert list(references) == ["untrained", "chance"]
    for found in (results, *references.values()):
        assert set(found) == {"SYSUMM01"} and set(found["SYSUMM01"]) == settings
        for metrics in found["SYSUMM01"].values():
            said = {"gallery", "initial weights"} if found is results else {"gallery"}
            assert set(metrics) == {"Rank-1", "Rank-10", "Rank-20", "mAP", "mINP", *said}
            assert metrics["gallery"] == "seeded draw"  # no rand_perm_cam.mat in this set
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model_0000.pth", "model_final.pth", "last_checkpoint", "metrics.json"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert not any("best" in name or name.endswith(".part") for name in names)
    picture = Image.open(tmp_path / "out" / "ranked_lists_SYSUMM01.png")
    assert picture.size[0] > 10 * 64 and picture.size[1] > 3 * 128


def test_the_corrupted_test_comes_at_the_end_of_training_and_by_itself(tiny_cfg, log):
    options = ("TEST.CORRUPTION.ENABLED", True, "TEST.CORRUPTION.REPETITIONS", 2, "SOLVER.MAX_EPOCH", 1)
    cfg = tiny_cfg(*options, "TEST.REFERENCES", True)
    results = MMTrainer(cfg).train()
    assert list(results) == ["SYSUMM01", "SYSUMM01-C", "SYSUMM01-C_deviation"]
    (table,) = [message for message in log if "untrained" in message]
    assert "mean of 2 repetitions, seed 0, drawn frost" in table and "standard deviation of 2" in table
    (last,) = [line for line in logged(cfg) if "SYSUMM01-C/all_search_1shot/mAP" in line]
    assert last["SYSUMM01-C/all_search_1shot/mAP"] == results["SYSUMM01-C"]["all_search_1shot"]["mAP"]
    again = evaluate_only(tiny_cfg(*options, "MODEL.WEIGHTS", f"{cfg.OUTPUT_DIR}/model_final.pth"))
    assert numbers_only(again) == numbers_only(results)


def test_a_training_from_random_weights_says_so_and_scores_its_queries(tiny_cfg, log, tmp_path):
    cfg = tiny_cfg("SOLVER.MAX_EPOCH", 1)
    results = MMTrainer(cfg).train()
    assert any("random weights" in message for message in log)
    assert {metrics["initial weights"] for metrics in results["SYSUMM01"].values()} == {"random"}
    assert json.loads((tmp_path / "out" / "run.json").read_text())["initial weights"] == "random"
    scores = load_query_scores(f"{cfg.OUTPUT_DIR}/query_scores.npz")
    for setting, metrics in results["SYSUMM01"].items():
        for name, values in scores[f"SYSUMM01/{setting}"].metrics((1, 10)).items():
            assert np.nanmean(values) == pytest.approx(metrics[name], abs=1e-3)


def test_a_test_in_a_trainings_folder_leaves_its_results(tiny_cfg, log, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("last_checkpoint", "results.json", "run.json"):
        (out / name).write_text("the training's")
    results = evaluate_only(tiny_cfg())
    assert {(out / name).read_text() for name in ("results.json", "run.json")} == {"the training's"}
    assert json.loads((out / "eval_results.json").read_text()) == results
    record = json.loads((out / "eval_run.json").read_text())
    assert record["seed"] == 7 and f"This run: {json.dumps(record)}" in log
