"""One process or several, on CPUs (gloo) or GPUs (NCCL)."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import cast

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from fastreid.utils import comm

from fastreid_mm.common.errors import REFUSED, InputError, first_line, one_line_errors

LOST = 1
"""Exit status of a process that can no longer reach another."""


def launch(
    main: Callable[..., object],
    num_processes: int,
    num_machines: int = 1,
    machine_rank: int = 0,
    dist_url: str = "auto",
    args: tuple = (),
) -> None:
    """Run ``main(*args)`` in ``num_processes`` processes on this machine.

    fast-reid's own launcher asserts CUDA and NCCL; the rest of its ``comm`` works on gloo. A process that torchrun has
    started joins those that it has started, and the other arguments must leave their number to it.

    Args:
        main: must be importable (it is spawned) when there is more than one process.
        num_processes: on this machine, one a GPU where there are GPUs.
        num_machines, machine_rank: every machine makes this call with its own rank.
        dist_url: where the processes meet, or "auto" for a free port on this machine.

    Raises:
        InputError: more processes than GPUs, "auto" with several machines, or another number than torchrun's.
        SystemExit: a process ended with that status, or 128 and the number of the signal that ended it.
    """
    if dist.is_torchelastic_launched():
        _join_torchrun(main, num_processes, num_machines, args)
        return
    world_size = num_machines * num_processes
    _require_gpus("--num-gpus", num_processes)
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
    with _passing_on_sigterm(processes.processes):
        try:
            while not processes.join():
                pass
        except (mp.ProcessExitedException, mp.ProcessRaisedException) as error:
            status = _status_of_all(processes.processes, error)
            if status is None:
                raise
            raise SystemExit(status) from None


def _join_torchrun(main: Callable[..., object], num_processes: int, num_machines: int, args: tuple) -> None:
    """What :func:`launch` does in a process of torchrun's, which says in the environment which one it is."""
    rank, world_size, local_rank, per_machine, machine = (
        int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK")
    )
    if num_processes not in (1, per_machine) or num_machines not in (1, world_size // per_machine):
        raise InputError(
            f"--num-gpus {num_processes} and --num-machines {num_machines}: torchrun has started {per_machine} "
            f"processes here and {world_size} in all, leave these options to it"
        )
    if world_size != per_machine * (world_size // per_machine) or rank != machine * per_machine + local_rank:
        raise InputError("torchrun --nproc_per_node must be the same on all machines")
    _require_gpus("torchrun --nproc_per_node", per_machine)
    if world_size == 1:
        main(*args)
    else:
        _worker(local_rank, main, world_size, per_machine, machine, "env://", args)


def _require_gpus(option: str, wanted: int) -> None:
    if torch.cuda.is_available() and wanted > torch.cuda.device_count():
        raise InputError(f"{option} {wanted} is more than the {torch.cuda.device_count()} GPUs here")


@contextmanager
def _passing_on_sigterm(processes: list[BaseProcess]) -> Iterator[None]:
    """Let those who do the work decide what to do when this process is told to stop."""
    if threading.current_thread() is not threading.main_thread():  # no other may ask for signals
        yield
        return

    def pass_on(*_: object) -> None:
        for process in processes:
            if process.is_alive():
                process.terminate()

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _status_of_all(processes: list[BaseProcess], error: Exception) -> int | None:
    """The status to end with, when one process has failed and the others have been stopped; None for its traceback."""
    codes = [process.exitcode or 0 for process in processes]
    if REFUSED in codes:  # it has said why; the others fail because they lose its connection
        return REFUSED
    first = codes[error.error_index] if isinstance(error, mp.ProcessExitedException) else 0
    # one that was killed may be noticed after those that have lost it; SIGTERM is how these are stopped
    killed = [code for code in (first, *codes) if code < 0 and (code == first or code != -signal.SIGTERM)]
    if killed:
        name = signal.Signals(-killed[0]).name
        print(f"error: process {codes.index(killed[0])} was ended by {name}, all others with it", file=sys.stderr)
        return 128 - killed[0]
    return first or None


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
    rank = machine_rank * per_machine + local_rank
    if on_gpu:
        torch.cuda.set_device(local_rank)
    else:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // per_machine))  # processes share the cores
    dist.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=dist_url,
        world_size=world_size,
        rank=rank,
    )
    for machine in range(world_size // per_machine):  # every process takes part in making every group
        group = dist.new_group(list(range(machine * per_machine, (machine + 1) * per_machine)))
        if machine == machine_rank:
            comm._LOCAL_PROCESS_GROUP = group
    try:
        with one_line_errors():
            main(*args)
    except SystemExit as error:
        _exit(cast(int, error.code))  # a number, as one_line_errors gives
    except RuntimeError as error:
        if not _has_lost_others(error):
            raise
        print(
            f"error: process {rank} has lost another, which has ended: {_reason(error)}",
            file=sys.stderr,
        )
        _exit(LOST)
    comm.synchronize()
    dist.destroy_process_group()
    # what comm keeps would hold the groups' threads until the interpreter exits under them
    comm._LOCAL_PROCESS_GROUP = None
    comm._get_global_gloo_group.cache_clear()


def _exit(status: int) -> None:
    """End this process at once.

    The interpreter's own exit may abort on the threads of a process group that the others still use, and its status
    would be lost; the group cannot be destroyed first, as that may wait for the others.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _has_lost_others(error: RuntimeError) -> bool:
    """Whether it is what gloo or NCCL raise when another process has gone."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def _reason(error: Exception) -> str:
    return first_line(error).split(". ")[0]  # gloo goes on with general advice
