"""Every shipped config trained and tested as a user runs it: made smaller and shorter, and nothing else.

No seed is given: what a config leaves open has to be drawn.
"""

import json
from pathlib import Path

import pytest

from fastreid_mm.commands.run import run
from fastreid_mm.commands.train_arguments import argument_parser
from fastreid_mm.evaluation.results import numbers_only
from fastreid_mm.settings.load import load_config

CONFIGS = Path(__file__).parent.parent.parent / "configs"
ROOTS = {
    "SYSUMM01": "sysu_root",
    "RegDB": "regdb_root",
    "LLCM": "llcm_root",
    "RGBNT201": "rgbnt201_root",
    "Market1501MM": "market1501_mm_root",
    "RGBN300": "rgbn300_root",
    "MSVR310": "msvr310_root",
}
VEHICLES = ("RGBN300", "MSVR310")
LYING = {"INPUT.SIZE_TRAIN": "[16, 32]", "INPUT.SIZE_TEST": "[16, 32]"}


@pytest.mark.parametrize("name", sorted(str(path.relative_to(CONFIGS)) for path in CONFIGS.glob("*/*.yml")))
def test_a_config_runs_as_shipped(request, monkeypatch, tiny_config, tmp_path, name):
    (dataset,) = load_config(str(CONFIGS / name), []).DATASETS.TESTS
    monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(ROOTS[dataset])))
    options = {"SOLVER.MAX_EPOCH": 1, "SOLVER.IMS_PER_BATCH": 8, "SEED": -1} | (LYING if dataset in VEHICLES else {})

    def start(*arguments: str) -> dict:
        run(
            argument_parser().parse_args(
                [
                    "--config-file",
                    tiny_config(name),
                    *arguments,
                    *(str(word) for pair in options.items() for word in pair),
                ]
            )
        )
        saved = "eval_results.json" if "--eval-only" in arguments else "results.json"  # in the training's folder
        return json.loads((tmp_path / "out" / saved).read_text())

    results = start()
    assert results[dataset] and all(0 < metrics["mAP"] <= 100 for metrics in results[dataset].values())
    again = start("--eval-only", "MODEL.WEIGHTS", str(tmp_path / "out" / "model_final.pth"))
    assert numbers_only(again) == numbers_only(results)
