"""mmengine's mixed precision and average of weights work from a config as they are."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from tests.mmseg_mm.engine.conftest import script
from tests.mmseg_mm.small_model import build_model, samples, squares

WRAPPER = {"type": "AmpOptimWrapper", "dtype": "bfloat16", "optimizer": {"type": "SGD", "lr": 0.1}}


def test_a_step_in_bfloat16_trains_float32_weights(monkeypatch):
    """The wrapper asks for a GPU, whose scaling of losses PyTorch leaves out on a CPU."""
    monkeypatch.setattr("mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available", lambda: True)
    model, seen = build_model().train(), set()
    model.decode_head.conv_seg.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    before = model.decode_head.conv_seg.weight.clone()
    batch = {"inputs": list(torch.rand(2, 4, 64, 64) * 255), "data_samples": samples(squares())}
    with pytest.warns(match="GradScaler|is not available"):
        wrapper = build_optim_wrapper(model, WRAPPER)
    losses = model.train_step(batch, wrapper)
    assert seen == {torch.bfloat16} and all(torch.isfinite(loss) for loss in losses.values())
    assert model.decode_head.conv_seg.weight.dtype == torch.float32
    assert not torch.equal(model.decode_head.conv_seg.weight, before)


def test_the_average_of_weights_is_saved_tested_and_resumed(config, tmp_path):
    made = Config.fromfile(config)
    made.custom_hooks.append({"type": "EMAHook", "momentum": 0.25})
    path = tmp_path / "averaged.py"
    made.dump(path)
    whole = script("train.py", str(path), tmp_path / "whole")
    content = torch.load(whole / "epoch_2.pth", weights_only=True)
    name = "decode_head.conv_seg.weight"
    assert not torch.equal(content["state_dict"][name], content["ema_state_dict"][f"module.{name}"])
    other = tmp_path / "resumed"
    other.mkdir()
    (other / "epoch_1.pth").write_bytes((whole / "epoch_1.pth").read_bytes())
    (other / "last_checkpoint").write_text(str(other / "epoch_1.pth"))
    script("train.py", str(path), other, "--resume")
    resumed = torch.load(other / "epoch_2.pth", weights_only=True)
    for part in ("state_dict", "ema_state_dict"):
        assert all(torch.equal(value, resumed[part][key]) for key, value in content[part].items())
