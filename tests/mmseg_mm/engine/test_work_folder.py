"""What a training leaves is known, all of it, and nothing else."""

import pytest

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine.work_folder import WorkFolder
from mmseg_mm.evaluation import SODMetric
from tests.mmseg_mm.engine.conftest import script
from tests.mmseg_mm.engine.test_stopping import assert_same_end

START = "20260101_120000"
WRITTEN = (
    *("epoch_2.pth", "iter_0000003.pth", "best_sod_mean_Sm_epoch_7.pth", "epoch_2-0123abcd.pth", "epoch_3.pth.part"),
    *("last_checkpoint", "run.json", "not_finite_0000001_0.pth", f"{START}/{START}.log", f"{START}/{START}.json"),
    *(f"{START}/vis_data/events.out.tfevents.1", f"{START}/vis_data/vis_image/a.png", f"{START}/sod_results.json"),
    *("sod_references.json", f"{START}/untrained/sod_results.json", f"{START}/untrained/sod_curves.png"),
    *(f"{START}/sod_curves.json", f"{START}/sod_curves.png", f"{START}/sod_images.json"),
)
FOREIGN = ("backbone.pth", "epoch_notes.txt", "best.pth", "notes.json", "maps/a.png", "20260102_120000/mine.txt")


def fill(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def left(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_all_that_a_training_writes_is_cleared_and_nothing_else(tmp_path):
    now = "20260103_120000"
    fill(tmp_path, [*WRITTEN, *FOREIGN, f"{now}/{now}.log"])
    WorkFolder(str(tmp_path)).clear(str(tmp_path / now))
    assert left(tmp_path) == {*FOREIGN, f"{now}/{now}.log"} and not (tmp_path / START).exists()


@pytest.mark.parametrize("name", [*WRITTEN[:4], "last_checkpoint"])
def test_any_checkpoint_means_that_a_folder_is_used(tmp_path, name):
    fill(tmp_path, [*FOREIGN, name])
    with pytest.raises(InputError, match=rf"has checkpoints of another training \({name}\): --resume .*--overwrite"):
        WorkFolder(str(tmp_path)).require_unused()
    (tmp_path / name).unlink()
    WorkFolder(str(tmp_path)).require_unused()


def test_the_last_checkpoint_of_a_copied_folder_is_the_other_folders(tmp_path):
    fill(tmp_path, ["one/epoch_1.pth", "two/epoch_1.pth"])
    (tmp_path / "two/last_checkpoint").write_text(str(tmp_path / "one/epoch_1.pth"))
    WorkFolder(str(tmp_path / "two")).clear(str(tmp_path / "two/now"))
    assert left(tmp_path) == {"one/epoch_1.pth"}


def test_names_and_a_folder_of_ones_own_are_known(tmp_path):
    fill(tmp_path, ["out/net_3.pth", "out/best_x_net_3.pth", "out/other.pth"])
    folder = WorkFolder(str(tmp_path / "work"), str(tmp_path / "out"), "net_{}.pth")
    assert folder.states() == [tmp_path / "out/net_3.pth"]
    folder.clear(str(tmp_path / "work/now"))
    assert left(tmp_path) == {"out/other.pth"}


def test_what_is_best_alone_cannot_be_gone_on_from(config, tmp_path):
    fill(tmp_path, ["best_sod_mean_Sm_epoch_7.pth"])
    with pytest.raises(InputError, match="has checkpoints of another training .best_sod_mean_Sm_epoch_7.pth"):
        script("train.py", config, tmp_path, "--resume")


def test_a_test_that_fails_costs_nothing(trained, config, tmp_path, monkeypatch):
    """Nor does it where a checkpoint was not due yet."""

    def fail(*_):
        raise InputError("a mask cannot be read")

    rarely = {"default_hooks.checkpoint.interval": 9, "train_cfg.val_interval": 1}
    with monkeypatch.context() as patch, pytest.raises(InputError, match="a mask cannot be read"):
        patch.setattr(SODMetric, "process", fail)
        script("train.py", config, tmp_path / "failed", **rarely)
    assert left(tmp_path / "failed") >= {"iter_0000002.pth", "last_checkpoint"}
    names = {"experiment_name": "goes_on", "visualizer.name": "goes_on"}
    folder = script("train.py", config, tmp_path / "failed", "--resume", **rarely | names)
    assert_same_end(folder, trained)


def test_both_going_on_and_deleting_are_refused(config, tmp_path):
    with pytest.raises(InputError, match="--resume goes on with a training and --overwrite deletes it"):
        script("train.py", config, tmp_path, "--resume", "--overwrite")
