"""Training, resuming and testing with mmsegmentation's own scripts."""

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import read_checkpoint, run_host_script
from mmseg_mm.trained_model import init_rgbd_model
from tests.mmseg_mm.engine.conftest import script


def weights(folder, epoch=2):
    return read_checkpoint(str(folder / f"epoch_{epoch}.pth"))["state_dict"]


def test_a_run_leaves_plain_checkpoints_and_results(trained):
    content = torch.load(trained / "epoch_1.pth", weights_only=True)
    assert content["meta"]["epoch"] == 1 and "optimizer" in content
    history = content["message_hub"]["log_scalars"]["train/loss"]
    assert len(history["log_history"]) == 2 and history["count_history"] == [1, 1]
    results = json.loads(next(trained.rglob("sod_results.json")).read_text())
    assert 0 < results["toy"]["Sm"] < 1


def test_resuming_equals_never_having_stopped(trained, config, tmp_path):
    other = tmp_path / "resumed"
    other.mkdir()
    (other / "epoch_1.pth").write_bytes((trained / "epoch_1.pth").read_bytes())
    (other / "last_checkpoint").write_text(str(other / "epoch_1.pth"))
    script("train.py", config, other, "--resume")
    resumed = weights(other)
    for name, weight in weights(trained).items():
        assert torch.equal(weight, resumed[name]), name
    found, expected = (
        torch.load(folder / "epoch_2.pth")["message_hub"]["log_scalars"]["train/loss"] for folder in (other, trained)
    )
    assert found == expected


def test_testing_with_flips_writes_maps(trained, config, tmp_path):
    script(
        "test.py", config, tmp_path / "tested", str(trained / "epoch_2.pth"), "--tta", "--out", str(tmp_path / "maps")
    )
    assert len(list((tmp_path / "maps" / "toy").glob("*.png"))) == 2


def test_a_foreign_checkpoint_needs_the_flag(trained, config, tmp_path):
    content = torch.load(trained / "epoch_2.pth")
    content["message_hub"]["log_scalars"] = {"loss": HistoryBuffer([1.0], [1])}
    torch.save(content, tmp_path / "foreign.pth")
    with pytest.raises(InputError, match=r"foreign.pth: it holds more than plain data.*--trust-checkpoint") as error:
        script("test.py", config, tmp_path / "refused", str(tmp_path / "foreign.pth"))
    assert "\n" not in str(error.value)
    script("test.py", config, tmp_path / "trusted", str(tmp_path / "foreign.pth"), "--trust-checkpoint")


def test_bad_checkpoints_are_named(trained, config, tmp_path):
    with pytest.raises(InputError, match="checkpoint .*nowhere.pth does not exist"):
        read_checkpoint(str(tmp_path / "nowhere.pth"))
    (tmp_path / "damaged.pth").write_bytes((trained / "epoch_1.pth").read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot read .*damaged.pth"):
        read_checkpoint(str(tmp_path / "damaged.pth"))
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(InputError, match="list.pth is not a checkpoint: it holds a list"):
        read_checkpoint(str(tmp_path / "list.pth"))
    with pytest.raises(InputError, match="epoch_1.pth is of another model: .* tensors of another shape"):
        script(
            "test.py", config, tmp_path / "other", str(trained / "epoch_1.pth"), **{"model.decode_head.channels": 16}
        )


def test_settings_that_weights_do_not_show_are_compared(trained, config, tmp_path):
    """Both readings have the same weights, so that nothing else would notice."""
    with pytest.raises(InputError, match="epoch_1.pth was trained with decode_head.detail='squeezed', but .* 'none'"):
        script(
            "test.py",
            config,
            tmp_path / "other",
            str(trained / "epoch_1.pth"),
            "--tta",
            **{"model.decode_head.detail": "none"},
        )
    changed = Config.fromfile(config)
    changed.model.decode_head.fusion.epsilon = 0.5
    with pytest.raises(InputError, match="decode_head.fusion.epsilon=0.6, but the config has 0.5"):
        init_rgbd_model(changed, trained / "epoch_1.pth")
    changed.model.decode_head.fusion.epsilon = 0.6
    del changed.model.decode_head["detail"]
    with pytest.raises(InputError, match="trained with decode_head.detail='squeezed', but the config has 'none'"):
        init_rgbd_model(changed, trained / "epoch_1.pth")
    changed.model.decode_head.detail = "squeezed"
    changed.model.data_preprocessor.depth_mean = [123.675, 116.28, 103.53]  # which it is unless it is given
    assert init_rgbd_model(changed, trained / "epoch_1.pth")
    changed.model.data_preprocessor.depth_mean = 116.0
    with pytest.raises(InputError, match=r"data_preprocessor.depth_mean=\[123.675, .*, but the config has 116.0"):
        init_rgbd_model(changed, trained / "epoch_1.pth")


def test_bad_arguments_are_named(tmp_path):
    with pytest.raises(InputError, match="config nowhere.py does not exist"):
        run_host_script("train.py", ["nowhere.py"])
    (tmp_path / "bare.py").write_text("custom_hooks = []\n")
    with pytest.raises(InputError, match="--trust-checkpoint needs a SafeCheckpointHook .*bare.py"):
        run_host_script("test.py", [str(tmp_path / "bare.py"), "x.pth", "--trust-checkpoint"])
    with pytest.raises(InputError, match="no script 'demo.py'; there are .*train"):
        run_host_script("demo.py", [])
