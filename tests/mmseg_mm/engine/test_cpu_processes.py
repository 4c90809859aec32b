import pytest
import torch

from mmseg_mm.engine.host_script import CPU_WRAPPER, join_processes


@pytest.fixture
def joined(monkeypatch):
    """What a process of torchrun's on a machine without a GPU has joined."""
    backends = []
    monkeypatch.setattr(torch.distributed, "init_process_group", backends.append)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "run")
    return backends


@pytest.mark.parametrize("arguments", [["c.py", "--launcher", "pytorch"], ["--launcher=pytorch", "c.py"]])
def test_processes_without_a_gpu_meet_over_gloo(joined, arguments):
    assert join_processes(arguments) == list(CPU_WRAPPER) and joined == ["gloo"]


def test_the_host_is_left_to_itself_otherwise(joined, monkeypatch):
    assert join_processes(["c.py"]) == [] and join_processes(["c.py", "--launcher", "slurm"]) == []
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    assert join_processes(["c.py", "--launcher", "pytorch"]) == []
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "run")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert join_processes(["c.py", "--launcher", "pytorch"]) == []
    assert not joined
