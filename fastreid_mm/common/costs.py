"""Time and memory that a dry run measures, in words."""

import resource
import sys
import time
from collections.abc import Callable

import torch


def seconds_of(call: Callable[[], object]) -> float:
    """Call a function, wait for the GPU if there is one, and return the seconds that this took."""
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def duration(seconds: float) -> str:
    """Write a duration in hours, minutes or seconds.

    Examples:
        >>> duration(5), duration(1500), duration(90000)
        ('5 s', '25 min', '25.0 h')
    """
    if seconds >= 36000:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds:.0f} s"


def peak_memory() -> float:
    """Return the peak memory in GiB, that of the GPU if there is one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def told(iterations: int, step: float, epochs: int, test: float, of_a_test: str) -> str:
    """Say in a line what a training takes: seconds of a step, of all epochs, and of what a test makes in its time."""
    epoch = iterations * step
    return (
        f"Dry run: {iterations} iterations of {step:.2f} s, {duration(epoch)} an epoch, {duration(epoch * epochs)} for "
        f"all {epochs}; {duration(test)} for the {of_a_test} of a test; {peak_memory():.1f} GiB of memory. "
        "Nothing is saved"
    )
