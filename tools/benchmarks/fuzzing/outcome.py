"""Tell what came of one try: it works, is refused in one line, crashes or hangs."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 60
"""What takes longer counts as hanging."""


class Hang(BaseException):
    """Something took too long. Not an ``Exception``, so that no reader takes it for a damaged file."""


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
    """What came of a call: "works", "refused in one line", or which crash."""
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


def count(found: Counter, kind: str, result: str, where: str) -> None:
    """Count an outcome of a kind of fault, and print where it was if it is one that must not be."""
    found[kind, result] += 1
    if result.startswith(("CRASH", "HANG", "several", "WRONG")):
        print(f"{where}: {kind}: {result}", flush=True)
