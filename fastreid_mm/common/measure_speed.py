"""Measurement of several ways to compute the same thing, by turns on this machine."""

import time
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from statistics import median
from typing import Any, NamedTuple, TypeVar

from fastreid_mm.common.costs import seconds_of

Way = TypeVar("Way", bound=Hashable)

SECONDS = 0.5
"""Duration of a measurement, unless :data:`ROUNDS` passes of a single sample take longer."""
ROUNDS = 3
"""Smallest number of passes of each way."""
MARGIN = 1.05
"""Factor by which a way must be faster than the first one to be worth a change."""


class Measured(NamedTuple):
    """Speeds of several ways."""

    speeds: dict
    """Samples per second of each way, medians; the first way is the one that others are compared with."""
    samples: int
    """Number of samples of a pass."""

    def fastest(self) -> Any:
        """Return the fastest way; the first one, unless another is faster by more than :data:`MARGIN`."""
        first, best = next(iter(self.speeds)), max(self.speeds, key=lambda way: self.speeds[way])
        return best if self.ratio(best) > MARGIN else first

    def ratio(self, way: Hashable) -> float:
        """Return how many times as fast as the first way a way is."""
        return self.speeds[way] / next(iter(self.speeds.values()))

    def __str__(self) -> str:
        each = ", ".join(f"{way} {speed:.3g}/s" for way, speed in self.speeds.items())
        return f"{each}; measured on {self.samples} {'image' if self.samples == 1 else 'images'}"


def measure_speeds(calls: Mapping[Way, Callable[[int], object]], most: int, seconds: float = SECONDS) -> Measured:
    """Measure functions that compute the same of a number of samples.

    All are called by turns, so that other work of the machine slows all of them. The number of samples is chosen so
    that three rounds fit into the time. A first call, which prepares kernels, does not count.

    Args:
        calls: the functions by their ways; each takes the number of samples.
        most: the largest number of samples.
        seconds: the time, which is exceeded where a single sample takes long.
    """
    for call in calls.values():
        call(1)
    single = sum(seconds_of(partial(call, 1)) for call in calls.values())
    samples = max(1, min(most, int(seconds / ((ROUNDS + 1) * single))))
    if samples > 1:
        for call in calls.values():  # kernels are prepared for each shape
            call(samples)
    times: dict[Way, list[float]] = {way: [] for way in calls}
    begin, rounds = time.perf_counter(), 0
    while rounds < ROUNDS or time.perf_counter() - begin < seconds / 2:
        for way, call in calls.items():
            times[way].append(seconds_of(partial(call, samples)))
        rounds += 1
    return Measured({way: samples / median(each) for way, each in times.items()}, samples)
