"""Two finished runs: equal ones, ones that differ, and ones that cannot be compared by query."""

import json
from pathlib import Path

import numpy as np
import pytest

from fastreid_mm.commands import compare_runs
from fastreid_mm.evaluation.query_scores import QueryScores, save_query_scores
from fastreid_mm.papers.finished_run import read_run

IDS = np.arange(200) // 4
POSITIONS = np.random.default_rng(0).integers(0, 12, 200)


@pytest.fixture
def run(tmp_path):
    """Makes a run, whose first true images are at the given positions."""

    def make(name, positions=POSITIONS, data="x", **config):
        folder = tmp_path / name
        folder.mkdir()
        scores = np.stack([positions, 1 / (positions + 1), 1 / (positions + 1)], axis=1)[None].astype(np.float32)
        mean = {"Rank-1": 100 * float((positions < 1).mean()), "mAP": 100 * float(scores[0, :, 1].mean())}
        save_query_scores(str(folder / "query_scores.npz"), {"Toy/test": QueryScores(IDS, scores)})
        results = {"Toy": {"test": {**mean, "valid_queries": 200, "gallery": "all images"}}}
        (folder / "results.json").write_text(json.dumps(results))
        record = {"versions": {"torch": "2.9"}, "seed": 1, "config": name, "data": {"Toy": data}}
        (folder / "run.json").write_text(json.dumps(record))
        content = {"OUTPUT_DIR": name, "SOLVER": {"BASE_LR": 0.1, "STEPS": [1, 2]}, **config}
        (folder / "config.yaml").write_text(json.dumps(content))
        return str(folder)

    return make


def told(capsys, *runs):
    compare_runs.main([*runs])
    return capsys.readouterr().out


def verdicts(text):
    return {line.split()[1]: line.split()[-1] for line in text.splitlines() if line.startswith("Toy/test ")}


def test_equal_runs_differ_in_nothing(run, capsys):
    text = told(capsys, run("a"), run("b"))
    assert "No setting differs." in text and verdicts(text) == {"Rank-1": "no", "mAP": "no"}
    assert "+0.00 to +0.00" in text and "Unknown" not in text


def test_a_shift_is_found_and_settings_that_differ_are_named(run, capsys):
    text = told(capsys, run("a"), run("b", np.maximum(POSITIONS - 1, 0), SOLVER={"BASE_LR": 0.2, "STEPS": [1, 2]}))
    assert verdicts(text) == {"Rank-1": "yes", "mAP": "yes"}
    (line,) = [line for line in text.splitlines() if "BASE_LR" in line]
    assert line.split() == ["config", "SOLVER.BASE_LR", "0.1", "0.2"] and "STEPS" not in text and "OUTPUT" not in text


def test_a_difference_of_one_person_is_chance(run, capsys):
    moved = np.where(IDS == 7, 0, POSITIONS)
    assert verdicts(told(capsys, run("a"), run("b", moved)))["mAP"] == "no"


def test_other_images_are_not_compared_by_query(run, capsys):
    text = told(capsys, run("a"), run("b", data="y"))
    assert verdicts(text) == {"Rank-1": "unknown", "mAP": "unknown"}
    assert "Unknown for Toy/test" in text and "data Toy" in text


def test_saliency_is_compared_by_image_and_its_config_is_read_but_not_run(tmp_path, capsys):
    scores = np.random.default_rng(0).uniform(0.5, 0.9, 50)
    for name, shift in (("a", 0), ("b", 0.01)):
        folder = tmp_path / name / "20260101_000000"
        folder.mkdir(parents=True)
        (folder / "sod_results.json").write_text(
            json.dumps({"LFSD": {"Sm": float(scores.mean()) + shift, "maxFm": 0.5}})
        )
        images = {f"/data/test/LFSD/GT/{i}.png": {"Sm": float(value) + shift} for i, value in enumerate(scores)}
        (folder / "sod_images.json").write_text(json.dumps(images))
        (folder.parent / "run.json").write_text(json.dumps({"seed": 1}))
        (folder.parent / "net.py").write_text(
            f"model = dict(head=dict(depth={1 + (name == 'b')}, sizes=(1, 2)))\nwork_dir = '{name}'\n"
        )
    text = told(capsys, str(tmp_path / "a"), str(tmp_path / "b"))
    assert "config model.head.depth  1    2" in text and "work_dir" not in text
    lines = {line.split()[1]: line for line in text.splitlines() if line.startswith("LFSD ")}
    assert lines["Sm"].split()[-1] == "yes" and "+0.0100 to +0.0100" in lines["Sm"]
    assert lines["maxFm"].split()[-1] == "unknown"
    (tmp_path / "a" / "net.py").write_text("import os\nx = os.getcwd()\n")
    with pytest.raises(SystemExit):
        compare_runs.main([str(tmp_path / "a"), str(tmp_path / "b")])
    assert "net.py is no config that a run has written" in capsys.readouterr().err


def test_folders_without_results_are_refused_in_one_line(tmp_path, capsys):
    for place, said in ((tmp_path, "has the run ended?"), (tmp_path / "none", "does not exist")):
        with pytest.raises(SystemExit) as end:
            compare_runs.main([str(place), str(place)])
        error = capsys.readouterr().err
        assert end.value.code == 2 and said in error and error.count("\n") == 1


def test_a_test_in_a_training_is_read_by_its_file(run):
    folder = Path(run("a"))
    for name in ("results.json", "run.json", "query_scores.npz"):
        (folder / name).rename(folder / f"eval_{name}")
    for place in (folder, folder / "eval_results.json"):
        found = read_run(place)
        assert found.results.name == "eval_results.json" and found.record["seed"] == 1 and found.query_scores()
