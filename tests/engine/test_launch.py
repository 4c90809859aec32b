import atexit
import os
from pathlib import Path

import pytest
import torch
from fastreid.utils import comm

from fastreid_mm.engine import launch
from fastreid_mm.errors import InputError

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
