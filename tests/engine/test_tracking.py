"""Weights & Biases, offline, and where it is not installed."""

import json
import struct
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from fastreid_mm.common import errors
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.tracking import WandbRun, track_results

KEYS = ("TRACKING.WANDB.ENABLED", True, "TRACKING.WANDB.NAME", "tiny", "TEST.RANKS", "(1,)")
BLOCK = 32768


def records(folder):
    """What an offline run has written: a log of LevelDB's, of protobuf messages."""
    import wandb
    from wandb.proto import wandb_internal_pb2

    wandb.teardown()  # ends the process that writes
    content, place, data, found = next(Path(folder).rglob("*.wandb")).read_bytes(), 7, b"", []
    while place + 7 <= len(content):
        if BLOCK - place % BLOCK < 7:  # no room for a header: the rest of the block is zeros
            place += BLOCK - place % BLOCK
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        data += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            found.append(record)
            data = b""
    return found


def values(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_losses_metrics_config_and_results_are_there_offline(tiny_cfg, monkeypatch, sysu_datasets):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    cfg = tiny_cfg(*KEYS, "SOLVER.MAX_EPOCH", 1)
    trainer = MMTrainer(cfg)
    results = trainer.train()
    found = records(cfg.OUTPUT_DIR)
    run = next(record.run for record in found if record.WhichOneof("record_type") == "run")
    assert (run.project, run.display_name, run.run_id) == (
        "fastreid-mm",
        "tiny",
        Path(cfg.OUTPUT_DIR, "wandb_run").read_text(),
    )
    assert values(run.config.update)["SOLVER"]["MAX_EPOCH"] == 1 and values(run.config.update)["SEED"] == 7
    history = [values(record.history.item) for record in found if record.WhichOneof("record_type") == "history"]
    last = {name: value for line in history for name, value in line.items()}
    assert last["global_step"] == trainer.max_iter - 1 and {"total_loss", "lr"} <= last.keys()
    metrics = results["SYSUMM01"]["all_search_1shot"]
    assert last["SYSUMM01/all_search_1shot/mAP"] == pytest.approx(metrics["mAP"])
    summaries = [values(record.summary.update) for record in found if record.WhichOneof("record_type") == "summary"]
    summary = {name: value for update in summaries for name, value in update.items()}
    assert summary["SYSUMM01/all_search_1shot/gallery"] == "seeded draw"
    indoor = results["SYSUMM01"]["indoor_search_10shot"]["Rank-1"]
    assert summary["SYSUMM01/indoor_search_10shot/Rank-1"] == pytest.approx(indoor)


class Spy:
    """In the place of the library: keeps what it was asked for."""

    __spec__ = ModuleSpec("wandb", None)

    def __init__(self):
        self.asked, self.id, self.summary = [], "abc", {}

    def init(self, **options):
        self.asked.append(options)
        return self

    def define_metric(self, name, step_metric):
        self.charts = {name: step_metric}

    def finish(self):
        self.finished = True


def test_a_resumed_training_goes_on_in_its_run_and_a_test_has_its_own(tiny_cfg, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", spy := Spy())
    cfg = tiny_cfg(*KEYS)
    Path(cfg.OUTPUT_DIR).mkdir()
    for resumed in (False, True):
        WandbRun(cfg, resumed)
    assert [asked["id"] for asked in spy.asked] == [None, "abc"]
    assert all(asked["sync_tensorboard"] for asked in spy.asked) and spy.charts == {"*": "global_step"}
    track_results(cfg, {"SYSUMM01": {"all_search_1shot": {"mAP": 5.0, "gallery": "seeded draw"}}})
    assert spy.asked[-1]["id"] is None and spy.finished
    assert spy.summary == {"SYSUMM01/all_search_1shot/mAP": 5.0, "SYSUMM01/all_search_1shot/gallery": "seeded draw"}


def test_without_the_library_one_line_says_what_to_install(tiny_cfg, monkeypatch):
    find = errors.find_spec
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name == "wandb" else find(name))
    with pytest.raises(InputError, match=r'not installed: wandb; pip install "fastreid-mm\[tracking\]" brings it'):
        MMTrainer(tiny_cfg(*KEYS))
