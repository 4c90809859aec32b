"""A trial of the measurements for a GPU, on the CPU and at a tiny size."""

import json
import warnings

import gpu
import pytest
import torch


def test_every_part_has_a_result(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "evaluate", lambda *args: 1 / 0)
    options = ["--device", "cpu", "--tiny", "--methods", "AGW", "--output", str(tmp_path / "gpu.json")]
    gpu.main(options)
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found.pop("evaluation") == {"failed": "ZeroDivisionError: division by zero"}
    assert not [name for name, result in found.items() if "failed" in result]
    assert found["AGW, bfloat16"]["finite steps"] == 3 and found["AGW, bfloat16"]["images/s"] > 0
    assert found["AGW, bfloat16"]["FLOP a step"] > 0
    assert found["AGW, same twice"] == {"equal": True, "largest difference": 0}
    assert found["one process"]["largest difference"] == pytest.approx(0, abs=1e-4)
    assert "CUDAExecutionProvider" in found["ONNX"]["left out"]
    assert not torch.are_deterministic_algorithms_enabled()


def test_no_part_begins_after_the_time(tmp_path):
    report = gpu.Report(tmp_path / "gpu.json", -1)
    report.part("one", lambda: 1 / 0)
    assert json.loads((tmp_path / "gpu.json").read_text())["one"]["left out"].startswith("the time was over")


def test_places_where_a_step_waits_are_counted(monkeypatch):
    class Waiting:
        def run_step(self):
            for message in ("called a synchronizing CUDA operation", "called a synchronizing CUDA operation", "other"):
                warnings.warn(message, stacklevel=1)

    modes = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    ((place, count),) = gpu.read_backs(Waiting()).items()
    assert place.startswith("tools/benchmarks/test_gpu.py:") and count == 2
    assert modes == ["warn", "default"]


def test_aligned_samples_are_laid_out_as_the_sampler_does():
    cfg = gpu.config_of(gpu.METHODS["IEEE"], "cpu", *gpu.TINY.split())
    batch = gpu.RandomBatches(cfg).batch
    assert batch["images"].shape == (8, 3, 3, 32, 16)
    assert batch["targets"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
