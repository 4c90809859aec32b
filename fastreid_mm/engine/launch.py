"""One process or several, on CPUs (gloo) or GPUs (NCCL)."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import cast

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from fastreid.utils import comm

from fastreid_mm.errors import REFUSED, InputError, one_line_errors


def launch(
    main: Callable[..., object],
    num_processes: int,
    num_machines: int = 1,
    machine_rank: int = 0,
    dist_url: str = "auto",
    args: tuple = (),
) -> None:
    """Run ``main(*args)`` in ``num_processes`` processes on this machine.

    fast-reid's own launcher asserts CUDA and NCCL; the rest of its ``comm`` works on gloo.

    Args:
        main: must be importable (it is spawned) when there is more than one process.
        num_processes: on this machine, one a GPU where there are GPUs.
        num_machines, machine_rank: every machine makes this call with its own rank.
        dist_url: where the processes meet, or "auto" for a free port on this machine.

    Raises:
        InputError: more processes than GPUs, or "auto" with several machines.
        SystemExit: a process ended with that status.
    """
    world_size = num_machines * num_processes
    if torch.cuda.is_available() and num_processes > torch.cuda.device_count():
        raise InputError(f"--num-gpus {num_processes} is more than the {torch.cuda.device_count()} GPUs here")
    if world_size == 1:
        main(*args)
        return
    if dist_url == "auto":
        if num_machines > 1:
            raise InputError("--dist-url auto needs a single machine; give the same tcp:// address on all")
        dist_url = f"tcp://127.0.0.1:{_free_port()}"
    processes = mp.spawn(
        _worker, (main, world_size, num_processes, machine_rank, dist_url, args), nprocs=num_processes, join=False
    )
    try:
        with _passing_on_sigterm(processes.processes):
            while not processes.join():
                pass
    except (mp.ProcessExitedException, mp.ProcessRaisedException) as error:
        # a process that refuses its input has said why; the others fail because they lose its connection
        if any(process.exitcode == REFUSED for process in processes.processes):
            raise SystemExit(REFUSED) from None
        if isinstance(error, mp.ProcessExitedException):
            raise SystemExit(error.exit_code if error.exit_code >= 0 else 128 - error.exit_code) from None
        raise


@contextmanager
def _passing_on_sigterm(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Let the processes save and end when this one, which only waits for them, is told to stop."""

    def pass_on(*_: object) -> None:
        for process in processes:
            process.terminate()

    if threading.current_thread() is not threading.main_thread():  # no other may ask for signals
        yield
        return
    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _worker(
    local_rank: int,
    main: Callable[..., object],
    world_size: int,
    per_machine: int,
    machine_rank: int,
    dist_url: str,
    args: tuple,
) -> None:
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(local_rank)
    else:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // per_machine))  # processes share the cores
    dist.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=dist_url,
        world_size=world_size,
        rank=machine_rank * per_machine + local_rank,
    )
    for machine in range(world_size // per_machine):  # every process takes part in making every group
        group = dist.new_group(list(range(machine * per_machine, (machine + 1) * per_machine)))
        if machine == machine_rank:
            comm._LOCAL_PROCESS_GROUP = group
    try:
        with one_line_errors():
            main(*args)
    except SystemExit as error:
        # the interpreter's own exit may abort on the threads of a process group that the others still use, and its
        # status would be lost; the group cannot be destroyed first, as that may wait for the others
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(cast(int, error.code))  # a number, as one_line_errors gives
    comm.synchronize()
    dist.destroy_process_group()
    # what comm keeps would hold the groups' threads until the interpreter exits under them
    comm._LOCAL_PROCESS_GROUP = None
    comm._get_global_gloo_group.cache_clear()
