"""What is deleted where a training begins anew, and what is not."""

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.output_dir import clear_output_dir
from fastreid_mm.engine import MMTrainer

WRITTEN = [
    *("last_checkpoint", "last_test", "model_0003.pth", "model_final.pth", "model_iter_0000012.pth", "model_best.pth"),
    *("model_0004.pth.part", "results.json", "references.json", "run.json", "eval_results.json", "eval_run.json"),
    *("metrics.json", "wandb_run", "events.out.tfevents.1.host.2.0", "ranked_lists_SYSUMM01.png"),
    *("not_finite_0000003_0.pth", "results.json.part"),
]
OTHERS = ["log.txt", "config.yaml", "notes.txt", "my_model.pth", "events.txt", "picture.png", "results.csv"]


def test_all_that_a_run_writes_goes_and_everything_else_stays(tmp_path):
    for name in (*WRITTEN, *OTHERS):
        (tmp_path / name).write_text("")
    (tmp_path / "model_folder.pth").mkdir()
    clear_output_dir(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {*OTHERS, "model_folder.pth"}
    clear_output_dir(str(tmp_path / "none"))


def test_a_run_writes_nothing_that_is_not_cleared(tiny_cfg, sysu_datasets, tmp_path):
    keys = ("TEST.RANKED_LISTS", 2, "TEST.REFERENCES", True, "SOLVER.CHECKPOINT_ITERS", 1, "TEST.RANKS", "(1,)")
    MMTrainer(tiny_cfg(*keys, "SOLVER.MAX_EPOCH", 1, "SOLVER.IMS_PER_BATCH", 32)).train()
    clear_output_dir(str(tmp_path / "out"))
    assert {path.name.split(".txt")[0] for path in (tmp_path / "out").iterdir()} <= {"log", "config.yaml"}


def test_events_and_metrics_are_the_new_trainings_alone(tiny_cfg, sysu_datasets, tmp_path, monkeypatch):
    monkeypatch.setattr(MMTrainer, "test", classmethod(lambda *_: {}))
    options = ("SOLVER.MAX_EPOCH", 1, "SOLVER.IMS_PER_BATCH", 32)
    MMTrainer(tiny_cfg(*options)).train()
    first = (tmp_path / "out" / "metrics.json").read_text().splitlines()
    trainer = MMTrainer(tiny_cfg(*options))
    trainer.resume_or_load(resume=False, overwrite=True)
    trainer.train()
    assert len((tmp_path / "out" / "metrics.json").read_text().splitlines()) == len(first)
    assert len(list((tmp_path / "out").glob("events.out.tfevents.*"))) == 1


def test_nothing_is_deleted_for_weights_that_cannot_be_loaded_or_are_in_the_way(tiny_cfg, sysu_datasets, tmp_path):
    first = MMTrainer(tiny_cfg())
    first.save("model_final", 2, 2 * first.iters_per_epoch)
    weights = tmp_path / "out" / "model_final.pth"
    torch.save({"model": {}}, tmp_path / "other.pth")
    for path, words in (
        (tmp_path / "gone.pth", "gone.pth does not exist"),
        (tmp_path / "other.pth", "other.pth does not hold named tensors"),
        (weights, "--overwrite would delete MODEL.WEIGHTS .*model_final.pth"),
    ):
        with pytest.raises(InputError, match=words):
            MMTrainer(tiny_cfg("MODEL.WEIGHTS", path)).resume_or_load(resume=False, overwrite=True)
        assert weights.is_file()


def test_a_folder_with_nothing_to_resume_from_begins_anew_unless_there_are_results(
    tiny_cfg, sysu_datasets, tmp_path, log
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "metrics.json").write_text("{}\n")
    MMTrainer(tiny_cfg()).resume_or_load(resume=True)
    assert not (out / "metrics.json").exists()
    assert f"--resume: there is no checkpoint in {out} yet, training begins" in log
    for name in ("results.json", "model_final.pth"):
        (out / name).write_text("damaged")
        with pytest.raises(InputError, match=f"{name}.*none of its checkpoints can be resumed"):
            MMTrainer(tiny_cfg()).resume_or_load(resume=True)
        assert (out / name).read_text() == "damaged"
        (out / name).unlink()
