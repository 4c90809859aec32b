"""Line of the table of speeds: three calls that are timed by turns."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

SLOW = 20.0  # seconds of a call that is made once, after the one that does not count


class Line(NamedTuple):
    """Line of the table: three calls, of which the last is what the first cannot do without."""

    ours: Callable[[], object]
    baseline: Callable[[], object]
    limit: Callable[[], object]
    names: tuple[str, str]
    """Names of baseline and limit."""
    scale: float = 1.0
    """Number of times that the limit has to be called."""


def measure(line: Line, rounds: int, clock: Callable[[], float]) -> dict[str, float | dict[str, list[float]]]:
    """Time the calls of a line by turns, and return seconds and medians of ratios."""
    calls = {"ours": line.ours, "baseline": line.baseline, "limit": line.limit}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    slow: set[str] = set()
    for number in range(rounds + 1):
        for name, call in calls.items():
            if name in slow and seconds[name]:
                continue
            start = clock()
            call()
            taken = clock() - start
            if taken > SLOW:
                slow.add(name)
            if number:  # the first round prepares kernels and memory
                seconds[name].append(taken * (line.scale if name == "limit" else 1))
    faster, share = (median(ratios(seconds[name], seconds["ours"])) for name in ("baseline", "limit"))
    return {"seconds": seconds, "times as fast as the baseline": faster, "share of the limit": share}


def ratios(others: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Divide the times of calls made by turns, or their medians where one was made less often.

    What slows a machine down for a minute slows down both calls of a turn.
    """
    if len(others) == len(ours):
        return [other / own for other, own in zip(others, ours)]
    return [median(others) / median(ours)]
