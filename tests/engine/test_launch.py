import atexit
import os
import signal
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from fastreid.utils import comm

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import launch

launching = import_module("fastreid_mm.engine.launch")  # the package has the function under that name

THREADS = Path("/proc/self/task")


def write_rank(folder, fail):
    gathered = comm.all_gather(comm.get_rank())
    if fail and comm.get_rank() == 1:
        atexit.register(os.abort)  # as the threads of a process group may do; the status must not be lost
        raise InputError("the second process has found something")
    (folder / f"{comm.get_rank()}-{comm.get_local_rank()}").write_text(str(gathered))


def write_threads_at_exit(folder):
    def write():
        names = [(thread / "comm").read_text() for thread in THREADS.iterdir()]
        (folder / f"{os.getpid()}").write_text("".join(names))

    comm.all_gather(comm.get_rank())
    atexit.register(write)


def test_a_single_process_is_this_one(tmp_path):
    launch(write_rank, 1, args=(tmp_path, False))
    assert (tmp_path / "0-0").read_text() == "[0]"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs two GPUs then")
def test_two_processes_meet_over_gloo(tmp_path):
    launch(write_rank, 2, args=(tmp_path, False))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"0-0": "[0, 1]", "1-1": "[0, 1]"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs two GPUs then")
def test_an_input_error_in_one_process_ends_all(tmp_path):
    with pytest.raises(SystemExit) as error:
        launch(write_rank, 2, args=(tmp_path, True))
    assert error.value.code == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs two GPUs then")
@pytest.mark.skipif(not THREADS.is_dir(), reason="reads Linux's list of threads")
def test_no_thread_of_a_group_is_left_at_exit(tmp_path):
    launch(write_threads_at_exit, 2, args=(tmp_path,))
    names = [path.read_text() for path in tmp_path.iterdir()]
    assert len(names) == 2 and not any("gloo" in name for name in names)


def test_several_machines_need_an_address():
    with pytest.raises(InputError, match="--dist-url"):
        launch(write_rank, 1, num_machines=2)


@pytest.fixture
def torchrun(monkeypatch):
    """Makes this process the second of two that torchrun has started on the second of three machines."""
    numbers = {"RANK": 3, "WORLD_SIZE": 6, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": 2, "GROUP_RANK": 1}
    for name, value in {**numbers, "TORCHELASTIC_RUN_ID": "run"}.items():
        monkeypatch.setenv(name, str(value))
    joined = []
    monkeypatch.setattr(launching, "_worker", lambda *values: joined.append(values))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return joined


@pytest.mark.parametrize("options", [(), (2,), (1, 3), (2, 3)])
def test_a_process_of_torchruns_joins_its_others(torchrun, options):
    launch(write_rank, *(options or (1,)), args=("folder", False))
    assert torchrun == [(1, write_rank, 6, 2, 1, "env://", ("folder", False))]


def test_what_torchrun_has_decided_is_left_to_it(torchrun, monkeypatch):
    with pytest.raises(InputError, match="--num-gpus 4 .*torchrun has started 2 processes here and 6 in all"):
        launch(write_rank, 4)
    monkeypatch.setenv("RANK", "4")  # the first machine has three
    with pytest.raises(InputError, match="--nproc_per_node must be the same"):
        launch(write_rank, 1)
    assert not torchrun


def test_a_killed_process_is_named_whoever_is_noticed_first(capsys):
    def status(*codes, first, kind=torch.multiprocessing.ProcessExitedException):
        error = kind("", first, 0, **({"exit_code": codes[first]} if "Exited" in kind.__name__ else {}))
        return launching._status_of_all([SimpleNamespace(exitcode=code) for code in codes], error)

    raised = torch.multiprocessing.ProcessRaisedException
    assert status(launching.LOST, -signal.SIGKILL, first=0) == 137
    assert status(1, -signal.SIGKILL, first=0, kind=raised) == 137
    assert "process 1 was ended by SIGKILL" in capsys.readouterr().err
    assert status(-signal.SIGTERM, -signal.SIGTERM, first=1) == 143
    assert status(-signal.SIGTERM, 143, first=1) == 143
    assert status(-signal.SIGTERM, 1, first=1, kind=raised) is None  # its traceback says more
    assert status(-signal.SIGTERM, 2, 1, first=2) == 2
