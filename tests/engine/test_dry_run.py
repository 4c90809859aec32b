"""Before a run and at its end: a dry run, and results that it must reach."""

import re

import pytest

from fastreid_mm.commands import run as command
from fastreid_mm.commands.train_arguments import argument_parser, refuse_early
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.dry_run import dry_run
from fastreid_mm.engine.report import require_expected, require_expected_form, require_expected_names
from fastreid_mm.engine.trainer import MMTrainer
from fastreid_mm.inference.testing import evaluate_only

RESULTS = {"SYSUMM01": {"all_search_1shot": {"Rank-1": 12.1, "mAP": 17.2, "gallery": "seeded"}}}


def test_a_dry_run_says_what_a_run_takes_and_saves_nothing(tiny_config, tmp_path, sysu_datasets, monkeypatch, capsys):
    said = []

    def in_both_lengths(trainer):
        said.append((trainer.iters_per_epoch, dry_run(trainer)))
        trainer.iters_per_epoch = 1
        said.append((1, dry_run(trainer)))

    monkeypatch.setattr(command, "dry_run", in_both_lengths)
    command.start(argument_parser().parse_args(["--config-file", tiny_config("SYSU/agw.yml"), "--dry-run"]))
    (iterations, text), (_, short) = said
    assert short.startswith("Dry run: 1 iterations of ") and "nan" not in short
    assert re.match(rf"Dry run: {iterations} iterations of \d+\.\d\d s, .* an epoch, .* for all 2; .* test; ", text)
    assert re.search(r"0\.[1-9]|[1-9]\.\d GiB of memory", text) and not (tmp_path / "out").exists()
    shown = capsys.readouterr().out
    assert "\n  SEED 7 (default -1)\n" in shown and " settings other than the defaults:\n" in shown
    assert re.search(
        r"\nTwoStream\w* with build_two_stream_resnet_backbone: \d+\.\d\d million weights\nDry run: ", shown
    )
    assert "OUTPUT_DIR" not in shown and "PyTorch built with" not in shown and shown.count("\n") < 100


def test_results_that_are_not_reached_are_named():
    require_expected([["SYSUMM01", "all_search_1shot", "mAP", 17, 0.3]], RESULTS)
    require_expected([["SYSUMM01", "all_search_1shot", "mAP", 99, 1]], {})  # as processes other than the first
    misses = [["SYSUMM01", "all_search_1shot", metric, 15.0, 2] for metric in ("Rank-1", "mAP", "Rank-5", "gallery")]
    with pytest.raises(InputError) as error:
        require_expected([*misses, ["RegDB", "thermal", "mAP", 1, 1]], RESULTS)
    assert str(error.value) == (
        "TEST.EXPECTED_RESULTS: SYSUMM01 all_search_1shot Rank-1 is 12.10, not within 2 of 15; "
        "SYSUMM01 all_search_1shot mAP is 17.20, not within 2 of 15; "
        "SYSUMM01 all_search_1shot Rank-5 is not among the results, not within 2 of 15; "
        "SYSUMM01 all_search_1shot gallery is not among the results, not within 2 of 15; "
        "RegDB thermal mAP is not among the results, not within 1 of 1"
    )


@pytest.mark.parametrize("entry", [["SYSUMM01", "mAP", 1, 1], "mAP", ["a", "b", "c", "1", 2], ["a", "b", "c", 1, None]])
def test_an_expectation_of_another_form_is_refused(entry):
    require_expected_form([["a", "b", "c", 1, 0.5]])
    with pytest.raises(InputError, match="is not .data set, setting, metric, value, tolerance"):
        require_expected_form([entry])


def test_names_that_no_test_gives_are_refused_before_training():
    good = ["SYSUMM01", "all_search_1shot", "mAP", 1, 1]
    for entry in (["SYSU", *good[1:]], [good[0], "all_search", *good[2:]], [*good[:2], "map", 1, 1]):
        with pytest.raises(InputError, match=f"TEST.EXPECTED_RESULTS: no test gives {' '.join(entry[:3])}$"):
            require_expected_names([good, entry], RESULTS)
        require_expected_names([good, entry], {})  # as processes other than the first
    require_expected_names([good, ["SYSUMM01 corrupted", *good[1:]]], RESULTS, more=True)


def test_a_test_refuses_an_expectation_of_another_form_at_once(tiny_cfg, tmp_path):
    with pytest.raises(InputError, match="is not .data set, setting, metric, value, tolerance"):
        evaluate_only(tiny_cfg("TEST.EXPECTED_RESULTS", "[['a','b']]"))
    assert not (tmp_path / "out").exists()


def test_a_run_ends_with_what_it_missed(tiny_cfg, sysu_datasets, tmp_path):
    expected = "[['SYSUMM01','all_search_1shot','mAP',101,0.5]]"
    trainer = MMTrainer(tiny_cfg("TEST.EXPECTED_RESULTS", expected, "SOLVER.MAX_EPOCH", 1, base="SYSU/agw.yml"))
    with pytest.raises(InputError, match="all_search_1shot mAP is .* not within 0.5 of 101"):
        trainer.train()
    assert (tmp_path / "out" / "results.json").is_file()


def test_to_go_on_and_to_begin_anew_is_refused(tiny_config, tmp_path):
    words = ["--config-file", tiny_config(), "--resume", "--overwrite"]
    with pytest.raises(InputError, match="--resume .* --overwrite .* one of them"):
        refuse_early(argument_parser().parse_args(words))
    assert not (tmp_path / "out").exists()


def test_a_dry_run_names_the_users_own_option_that_is_left_over(tiny_config):
    with pytest.raises(InputError, match="'SEED' is left over"):
        command.start(argument_parser().parse_args(["--config-file", tiny_config(), "--dry-run", "SEED"]))
