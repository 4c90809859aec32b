"""Outcome of one try: it works, is refused in one line, crashes or hangs."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 60
"""Seconds after which a call counts as hanging."""


class Hang(BaseException):
    """Signal that a call took too long; not an ``Exception``, which readers would take for a damaged file."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise :class:`Hang` in a block that takes longer than :data:`SECONDS`."""

    def stop(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome(call: Callable[[], object], refusals: tuple[type[Exception], ...]) -> str:
    """Make a call, and return its outcome: "works", "refused in one line", or which crash."""
    try:
        with limited():
            call()
    except refusals as error:
        return "refused in one line" if "\n" not in str(error) else f"several lines: {str(error)[:80]}"
    except Hang:
        return "HANG"
    except Exception as error:
        return f"CRASH {type(error).__name__}: {' '.join(str(error).split())[:100]}"
    return "works"


def count(counts: Counter, kind: str, result: str, where: str) -> None:
    """Count an outcome of a kind of fault, and print where it occurred if it is a failure."""
    counts[kind, result] += 1
    if result.startswith(("CRASH", "HANG", "several", "WRONG")):
        print(f"{where}: {kind}: {result}", flush=True)
