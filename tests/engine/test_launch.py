import atexit
import os
import signal
import time
from importlib import import_module
from pathlib import Path

import pytest
import torch
from fastreid.utils import comm

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import launch

launching = import_module("fastreid_mm.engine.launch")  # the package has the function under that name

THREADS = Path("/proc/self/task")


on_cpus = pytest.mark.skipif(torch.cuda.is_available(), reason="needs two GPUs then")


def write_rank(folder):
    """Write what the processes have gathered, and at exit the names of the threads that there are then."""
    place = f"{comm.get_rank()}-{comm.get_local_rank()}"

    def write_threads():
        (folder / f"threads {place}").write_text("".join((each / "comm").read_text() for each in THREADS.iterdir()))

    if THREADS.is_dir():  # Linux's
        atexit.register(write_threads)
    (folder / place).write_text(str(comm.all_gather(comm.get_rank())))


def fail(kind):
    """Fail in the second process, while the first waits for it."""
    comm.synchronize()
    if comm.get_rank() == 1 and kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if comm.get_rank() == 1:
        atexit.register(os.abort)  # as the threads of a process group may do; the status must not be lost
        raise InputError("the second process has found something")
    comm.synchronize()


def stop(folder):
    """Let the launcher be told to stop, and do what training does then: save when all processes have been told."""
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    comm.synchronize()
    if comm.get_rank() == 0:
        os.kill(os.getppid(), signal.SIGTERM)
    while not all(comm.all_gather(bool(told))):
        time.sleep(0.01)
    (folder / str(comm.get_rank())).touch()
    raise SystemExit(143)


def test_a_single_process_is_this_one(tmp_path):
    launch(write_rank, 1, args=(tmp_path,))
    assert (tmp_path / "0-0").read_text() == "[0]"


@on_cpus
def test_two_processes_meet_over_gloo_and_leave_no_thread_of_it_at_exit(tmp_path):
    launch(write_rank, 2, args=(tmp_path,))
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    threads = [written.pop(name) for name in [*written] if name.startswith("threads")]
    assert written == {"0-0": "[0, 1]", "1-1": "[0, 1]"}
    assert len(threads) == 2 * THREADS.is_dir() and not any("gloo" in names for names in threads)


@on_cpus
@pytest.mark.parametrize(
    ("kind", "status", "line"),
    [
        ("refused", 2, "error: the second process has found something\n"),
        ("killed", 137, "error: process 1 was ended by SIGKILL, all others with it\n"),
    ],
)
def test_a_process_that_fails_ends_all_in_one_line(capfd, kind, status, line):
    with pytest.raises(SystemExit) as error:
        launch(fail, 2, args=(kind,))
    assert error.value.code == status
    assert [text for text in capfd.readouterr().err.splitlines(True) if "rror" in text] == [line]


@on_cpus
def test_the_processes_decide_when_to_stop(tmp_path):
    with pytest.raises(SystemExit) as error:
        launch(stop, 2, args=(tmp_path,))
    assert error.value.code == 143 and {path.name for path in tmp_path.iterdir()} == {"0", "1"}


@pytest.mark.parametrize("address", ["auto", "127.0.0.1", "tcp://127.0.0.1"])
def test_several_machines_need_an_address(address):
    with pytest.raises(InputError, match="--dist-url"):
        launch(write_rank, 1, num_machines=2, dist_url=address)


@pytest.fixture
def torchrun(monkeypatch):
    """Makes this process the second of two that torchrun has started on the second of three machines."""
    numbers = {"RANK": 3, "WORLD_SIZE": 6, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": 2, "GROUP_RANK": 1}
    for name, value in {**numbers, "TORCHELASTIC_RUN_ID": "run"}.items():
        monkeypatch.setenv(name, str(value))
    joined = []
    monkeypatch.setattr(launching, "_make_groups", lambda *numbers: joined.append(numbers))
    monkeypatch.setattr(launching, "_run", lambda main, args: main(*args))
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return joined


@pytest.mark.parametrize("options", [(1,), (2,), (1, 3), (2, 3)])
def test_a_process_of_torchruns_joins_its_others(torchrun, options):
    launch(torchrun.append, *options, args=("done",))
    assert torchrun == [(1, 2), "done"]


def test_what_torchrun_has_decided_is_left_to_it(torchrun, monkeypatch):
    with pytest.raises(InputError, match="--num-gpus 4 .*torchrun has started 2 processes here and 6 in all"):
        launch(write_rank, 4)
    monkeypatch.setenv("RANK", "4")  # the first machine has three
    with pytest.raises(InputError, match="--nproc_per_node must be the same"):
        launch(write_rank, 1)
    assert not torchrun
