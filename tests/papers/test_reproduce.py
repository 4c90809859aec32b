"""Jobs of rows, how they are run, gone on with and shared out, and the comparison that is made of them."""

import csv
import json
import signal
from pathlib import Path
from statistics import stdev

import pytest

import write_model_page
from fastreid_mm.commands import reproduce
from fastreid_mm.common.errors import InputError
from fastreid_mm.papers import run
from fastreid_mm.papers.compare import compare
from fastreid_mm.papers.demo import small_table
from fastreid_mm.papers.formats import as_text
from fastreid_mm.papers.job import jobs
from fastreid_mm.papers.paper import PAPERS, read_paper
from fastreid_mm.papers.submission import read_submissions

TABLE_3 = ["--paper", "mun", "--table", "3"]


@pytest.fixture
def trainer(monkeypatch):
    """Notes the commands and leaves results: the seed and the trial as Rank-1; those that are named fail."""
    ran, failing = [], {}

    class Process:
        def __init__(self, words):
            self.words = words[3:]  # after python -c CODE
            ran.append(self.words)

        def wait(self):
            value = dict(zip(self.words, self.words[1:]))
            status = next((failing[word] for word in failing if word in self.words), 0)
            if not status and "--work-dir" in self.words:
                folder = Path(value["--work-dir"], "20260101_000000")
                folder.mkdir(parents=True)
                metrics = dict.fromkeys(("Sm", "maxFm", "maxEm", "MAE"), 0.9)
                sets = ("NJU2K", "NLPR", "DUT-RGBD", "SIP", "STEREO", "LFSD", "toy")
                (folder / "sod_results.json").write_text(json.dumps(dict.fromkeys(sets, metrics)))
            elif not status:
                folder = Path(value["OUTPUT_DIR"])
                folder.mkdir(parents=True)
                metrics = {"Rank-1": 10.0 * int(value.get("SEED", 0)) + int(value.get("DATASETS.REGDB.TRIAL", 0))}
                aligned = {**metrics, "mAP": 5.0, "Rank-5": 0.0, "Rank-10": 0.0}
                found = {
                    "SYSUMM01": {"all_search_1shot": metrics},
                    "SYSUMM01-C": {"all_search_1shot": metrics},
                    "RegDB": {"visible_to_thermal": metrics},
                    **dict.fromkeys(("RGBNT201", "Market1501MM"), {"test": aligned}),
                    "RegDB-C": {"thermal_to_visible": metrics},
                }
                (folder / "results.json").write_text(json.dumps(found))
            return status

    monkeypatch.setattr(run.subprocess, "Popen", Process)
    return ran, failing


def rows_of(output, name):
    return list(csv.DictReader((output / f"{name}.csv").read_text().splitlines()))


def test_a_row_is_trained_for_every_seed_and_trial_and_averaged(trainer, tmp_path, capsys):
    ran, _ = trainer
    reproduce.main([*TABLE_3, "--row", "neither", "--seeds", "1", "2", "--output", str(tmp_path)])
    assert len(ran) == 2 + 2 * 10
    assert all("MODEL.LOSSES.MODALITY_ALIGNMENT.BRIDGE" in words and "--resume" in words for words in ran)
    sysu, _, regdb, _ = rows_of(tmp_path, "mun_3")
    values = [10 * seed + trial for seed in (1, 2) for trial in range(1, 11)]
    assert (sysu["paper"], sysu["ours"], sysu["difference"], sysu["trainings"]) == ("69.02", "15.00", "-54.02", "2/2")
    assert (regdb["ours"], regdb["trainings"]) == ("20.50", "20/20")
    assert float(regdb["standard error"]) == pytest.approx(stdev(values) / 20**0.5, abs=0.005)
    assert "neither" in capsys.readouterr().out
    assert {path.suffix for path in tmp_path.glob("mun_3.*")} == {".txt", ".csv", ".md", ".tex"}
    assert r"\toprule" in (tmp_path / "mun_3.tex").read_text()


def test_what_has_results_is_not_run_again_and_rows_that_are_one_training_share_it(trainer, tmp_path):
    ran, _ = trainer
    words = ["--paper", "mun", "--row", "both", "--output", str(tmp_path)]
    reproduce.main([*words, "--table", "3"])
    count = len(ran)
    reproduce.main([*words, "--table", "3"])
    reproduce.main(["--paper", "mun", "--row", "all", "--output", str(tmp_path), "--table", "1"])
    assert len(ran) == count == 11


def test_a_test_of_its_own_follows_its_training(trainer, tmp_path):
    ran, _ = trainer
    reproduce.main(["--paper", "mun", "--table", "5", "--row", "+ L_ma", "CIL", "--output", str(tmp_path)])
    training, test = ran[:2]
    assert "TEST.CORRUPTION.ENABLED" not in training and "--eval-only" not in training
    value = dict(zip(test, test[1:]))
    folder = dict(zip(training, training[1:]))["OUTPUT_DIR"]
    assert "--eval-only" in test and value["TEST.CORRUPTION.ENABLED"] == "True"
    assert value["MODEL.WEIGHTS"] == f"{folder}/model_final.pth" and value["OUTPUT_DIR"].startswith(folder)
    assert {row["trainings"] for row in rows_of(tmp_path, "mun_5") if row["row"] == "CIL"} == {"not here"}


def test_a_failure_is_told_and_the_others_go_on(trainer, tmp_path, capsys):
    ran, failing = trainer
    failing["MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE"] = 2
    with pytest.raises(SystemExit) as end:
        reproduce.main([*TABLE_3, "--output", str(tmp_path)])
    assert end.value.code == 1 and len(ran) == 4 * 11
    assert capsys.readouterr().out.count("failed: ") == 2 * 11  # neither, bridge
    assert [row["trainings"] for row in rows_of(tmp_path, "mun_3")][::4] == ["0/1", "1/1", "0/1", "1/1"]


@pytest.mark.parametrize("status", [143, -signal.SIGTERM, -signal.SIGKILL])
def test_a_run_that_was_stopped_stops_all_and_is_gone_on_with(trainer, tmp_path, status):
    ran, failing = trainer
    words = [*TABLE_3, "--row", "prototypes", "bridge", "--output", str(tmp_path)]
    failing["MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE"] = status
    with pytest.raises(SystemExit) as end:
        reproduce.main(words)
    assert end.value.code == 143 and len(ran) == 11 + 1
    failing.clear()
    reproduce.main(words)
    assert len(ran) == 12 + 11 and ran[12] == ran[11]  # the same command, which resumes


def test_shards_are_all_trainings_each_once_with_their_tests(capsys):
    words = ["--paper", "mun", "--table", "5", "--dry-run"]
    reproduce.main(words)
    everything = capsys.readouterr().out.splitlines()
    parts = []
    for index in (1, 2, 3):
        reproduce.main([*words, "--shard", f"{index}/3"])
        part = capsys.readouterr().out.splitlines()
        for line in part:
            if "--eval-only" in line:
                folder = line.split("MODEL.WEIGHTS ")[1].split("/model_final")[0]
                assert any(other.endswith(f"OUTPUT_DIR {folder}") for other in part)
        parts += part
    assert sorted(parts) == sorted(everything) and len(everything) == 2 * 6 * 11


def test_further_keys_go_to_the_host_that_they_are_of():
    for paper, table, mine, other in (
        ("mun", "1", "SOLVER.MAX_EPOCH", "x.T_y"),
        ("mutualformer", "4", "x.T_y", "SEED"),
    ):
        content = read_paper(paper).table(table)
        (job,) = jobs(content.rows[0], next(iter(content.columns.values())), [1], {mine: "1", other: "2"})
        assert mine in job.keys and other not in job.keys


def test_saliency_is_read_from_its_report(trainer, tmp_path):
    reproduce.main(["--paper", "mutualformer", "--table", "4", "--row", "Add", "--output", str(tmp_path)])
    first = rows_of(tmp_path, "mutualformer_4")[0]
    assert (first["paper"], first["ours"], first["difference"]) == ("0.910", "0.900", "-0.010")


def test_a_finished_row_is_submitted_with_its_networks_and_shown_on_the_page(trainer, tmp_path, capsys, monkeypatch):
    packaged = []
    monkeypatch.setattr("fastreid_mm.inference.package.package_model", lambda run, folder: packaged.append(folder.name))
    words = [
        "--paper",
        "ieee",
        "--table",
        "1",
        "--row",
        "IEEE",
        "--seeds",
        "1",
        "2",
        "--output",
        str(tmp_path / "runs"),
    ]
    submit = [*words, "--submit", str(tmp_path / "models")]
    with pytest.raises(SystemExit):
        reproduce.main(submit)
    assert "row 'IEEE' is not complete, 16 numbers are not there yet" in capsys.readouterr().err
    reproduce.main(words)
    reproduce.main(submit)
    (path,) = (tmp_path / "models").glob("*.yml")
    assert (path.parent / "ieee_1_IEEE" / "RGBNT201_ieee" / "results.json").is_file()
    assert packaged == ["RGBNT201_ieee", "Market1501MM_ieee"]
    (found,) = read_submissions(path.parent)
    assert found.seeds == [1, 2] and found.numbers == {
        "rgbnt201": [5.0, 15.0, 0.0, 0.0],
        "market": [5.0, 15.0, 0.0, 0.0],
    }
    path.write_text(path.read_text().replace("log: ''", "log: there/log.txt"))
    lines = write_model_page.page(read_submissions(path.parent)).splitlines()
    (shown,) = [line for line in lines if "there/log.txt" in line and "RGBNT201/ieee.yml" in line]
    assert "46.42 / 47.13 / 58.49 / 64.23 | 5.00 ± 0.00 / 15.00 ± 5.00" in shown and "[log](there/log.txt)" in shown
    with pytest.raises(SystemExit):
        reproduce.main(submit)
    assert "exists already" in capsys.readouterr().err


def test_trainings_from_random_weights_are_told_under_the_table(trainer, tmp_path, capsys):
    words = ["--paper", "ieee", "--table", "1", "--row", "IEEE", "--output", str(tmp_path)]
    reproduce.main(words)
    assert "random weights" not in capsys.readouterr().out
    for folder in tmp_path.glob("Market*/seed_1"):
        (folder / "run.json").write_text(json.dumps({"initial weights": "random"}))
    reproduce.main([*words, "--collect"])
    assert "1 of 2 trainings began from random weights" in capsys.readouterr().out


def test_the_demo_takes_small_networks_drawn_data_and_two_trials(capsys):
    reproduce.main([*TABLE_3, "--scale", "demo", "--dry-run"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 * (1 + 2) and all("demo/mun.yml" in line for line in lines)
    for paper in PAPERS:
        for table in map(small_table, read_paper(paper).tables):
            assert {column.result.split("/")[0] for column in table.columns.values()} <= {
                *("SYSUMM01", "SYSUMM01-C", "RegDB", "RegDB-C", "MSVR310", "toy")
            }


@pytest.mark.parametrize(
    "words, said",
    [
        (["--paper", "mun", "--table", "9"], "--table '9' is not one of comparison, 1, 2, 3, 5, variants"),
        ([*TABLE_3, "--row", "none"], "--row 'none' is not one of neither, prototypes, bridge, both"),
        (["--paper", "mun", "--row", "both"], "--row names rows of a table"),
        ([*TABLE_3, "--submit", "x"], "--submit takes rows by --row"),
        ([*TABLE_3, "--shard", "3/2"], "--shard 3/2 is no part"),
        ([*TABLE_3, "--dry-run", "SOLVER.MAX_EPOCH"], "'SOLVER.MAX_EPOCH' is left over"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        reproduce.main(words)
    error = capsys.readouterr().err
    assert end.value.code == 2 and said in error and error.count("\n") == 1


def test_nothing_is_compared_that_is_not_there(tmp_path):
    table = read_paper("cmtr").table("7")
    lines = compare(table, [1], {}, tmp_path)
    assert all(line.ours is line.difference is line.error is None for line in lines)
    assert lines[0].printed is None and "identity mapping" in as_text(lines)


def test_a_list_that_is_wrong_is_refused_with_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr("fastreid_mm.papers.paper.FOLDER", tmp_path)
    good = {
        **{"title": "", "method": "mun", "page": "", "text": ""},
        "columns": {"a": {"title": "", "config": "SYSU/{method}.yml", "result": ""}},
    }
    table = {"title": "", "metrics": ["mAP"], "columns": ["a"]}
    for row, said in (
        ({"row": "x", "printed": {"a": [1, 2]}}, "mun, table 1, row x: 2 numbers in column a, must be 1"),
        ({"row": "x", "kyes": {}}, "kyes is no entry of a row"),
        ({"row": "x", "printed": {"b": [1]}}, "'b' is not one of a"),
    ):
        content = {**good, "tables": {"1": {**table, "rows": [row]}}}
        (tmp_path / "mun.yml").write_text(json.dumps(content))
        with pytest.raises(InputError, match=said):
            read_paper("mun")
