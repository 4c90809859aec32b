"""Launch of one or several processes, on CPUs (gloo) or GPUs (NCCL), by PyTorch's elastic launch, like torchrun."""

import logging
import os
import re
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import cast

import torch
import torch.distributed as dist
from fastreid.utils import comm
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.utils.distributed import get_free_port
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fastreid_mm.common.errors import InputError, first_line, one_line_errors

LOST = 1
"""Exit status of a process that can no longer reach another."""
_DAY = 24 * 60 * 60
"""Seconds that processes have to end after SIGTERM, as they finish a test that they are making."""
_NOTICED = 5
"""Seconds in which a launcher notices that one of its processes has ended, before others end because of that."""


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
    started joins the others that it has started, and the other arguments must agree with their number or be 1.

    Args:
        main: the function; it must be importable if there is more than one process, as it is spawned.
        num_processes: the number of processes on this machine, one for each GPU if there are GPUs.
        num_machines, machine_rank: the number of machines, each of which makes this call, and the number of this one.
        dist_url: the address at which the processes meet, or "auto" for a free port on this machine.
        args: the arguments of ``main``.

    Raises:
        InputError: more processes than GPUs, no address for several machines, or another number than torchrun's.
        SystemExit: a process ended with that status, or 128 and the number of the signal that ended it.
        ChildFailedError: a process ended with an exception, whose traceback is in the message.
    """
    if dist.is_torchelastic_launched():
        _join(main, num_processes, num_machines, args)
        return
    _require_gpus("--num-gpus", num_processes)
    if num_machines * num_processes == 1:
        main(*args)
        return
    if dist_url == "auto":
        if num_machines > 1:
            raise InputError("--dist-url auto needs a single machine; give the same tcp:// address on all")
        dist_url = f"tcp://127.0.0.1:{get_free_port()}"
    if not re.fullmatch(r"tcp://.+:\d+", dist_url):
        raise InputError(f"--dist-url {dist_url!r} is not tcp://ADDRESS:PORT")
    with TemporaryDirectory() as folder:
        config = LaunchConfig(
            min_nodes=num_machines,
            max_nodes=num_machines,
            nproc_per_node=num_processes,
            logs_specs=DefaultLogsSpecs(folder),
            run_id="fastreid-mm",
            rdzv_backend="static",
            rdzv_endpoint=dist_url.removeprefix("tcp://"),
            rdzv_configs={"rank": machine_rank},
            max_restarts=0,
        )
        # no arguments, as older versions of PyTorch do not know them: those handle more signals, and wait for 30 s
        config.signals_to_handle, config.shutdown_timeout = "SIGTERM", _DAY
        _start(config, main, num_processes, num_machines, args)


def _start(config: LaunchConfig, *arguments: object) -> None:
    """Run :func:`_join` in new processes, and end with the status of the first of them that fails."""
    logging.getLogger("torch.distributed.elastic.multiprocessing").setLevel(logging.CRITICAL)  # its tracebacks say less
    try:
        elastic_launch(config, _join)(*arguments)
    except SignalException as error:
        raise SystemExit(128 + error.sigval) from None
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if isinstance(failure.message, dict):  # an exception
            raise
        if failure.exitcode >= 0:
            raise SystemExit(failure.exitcode) from None
        print(f"error: process {rank} was ended by {failure.signal_name()}, all others with it", file=sys.stderr)
        raise SystemExit(128 - failure.exitcode) from None


def _join(main: Callable[..., object], num_processes: int, num_machines: int, args: tuple) -> None:
    """Run :func:`launch`'s ``main`` in a process whose ranks are in the environment."""
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
        return
    _make_groups(local_rank, per_machine)
    _run(main, args)
    dist.destroy_process_group()
    # references in comm would keep the groups' threads alive until the interpreter exits
    comm._LOCAL_PROCESS_GROUP = None
    comm._get_global_gloo_group.cache_clear()


def _require_gpus(option: str, wanted: int) -> None:
    if torch.cuda.is_available() and wanted > torch.cuda.device_count():
        raise InputError(f"{option} {wanted} is more than the {torch.cuda.device_count()} GPUs here")


def _make_groups(local_rank: int, per_machine: int) -> None:
    """Join the group of all processes, and that of this machine's processes, which the host needs."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(local_rank)
    else:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // per_machine))  # processes share the cores
    dist.init_process_group("nccl" if on_gpu else "gloo")
    for first in range(0, dist.get_world_size(), per_machine):  # every process takes part in making every group
        ranks = range(first, first + per_machine)
        group = dist.new_group(list(ranks))
        if dist.get_rank() in ranks:
            comm._LOCAL_PROCESS_GROUP = group


def _run(main: Callable[..., object], args: tuple) -> None:
    """Run ``main`` and wait until all processes have run it, or end this process."""
    try:
        with one_line_errors():
            main(*args)
    except SystemExit as error:
        _exit(cast(int, error.code))  # one_line_errors gives a number
    except RuntimeError as error:
        if not (isinstance(error, dist.DistError) or "gloo" in str(error)):  # raised as another process has ended
            raise
        time.sleep(_NOTICED)  # the launcher ends this process, too, unless the other was on another machine
        reason = first_line(error).split(". ")[0]  # gloo goes on with general advice
        print(f"error: process {dist.get_rank()} has lost another, which has ended: {reason}", file=sys.stderr)
        _exit(LOST)
    comm.synchronize()


def _exit(status: int) -> None:
    """End this process at once.

    The interpreter's own exit may abort on the threads of a process group that the others still use, and its status
    would be lost; the group cannot be destroyed first, as that may wait for the others.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
