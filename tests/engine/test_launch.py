import atexit
import os

import pytest
import torch
from fastreid.utils import comm

from fastreid_mm.engine import launch
from fastreid_mm.errors import InputError


def write_rank(folder, fail):
    gathered = comm.all_gather(comm.get_rank())
    if fail and comm.get_rank() == 1:
        atexit.register(os.abort)  # as the threads of a process group may do; the status must not be lost
        raise InputError("the second process has found something")
    (folder / f"{comm.get_rank()}-{comm.get_local_rank()}").write_text(str(gathered))


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


def test_several_machines_need_an_address():
    with pytest.raises(InputError, match="--dist-url"):
        launch(write_rank, 1, num_machines=2)
