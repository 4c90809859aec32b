"""Tries of a kind of fault, and their outcomes: each works, is refused in one line, is wrong, crashes or hangs."""

import logging
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError

SECONDS = 60
"""Seconds after which a call counts as hanging."""
FAILURES = ("CRASH", "HANG", "several", "WRONG")
"""Beginnings of the outcomes that are faults of this project."""


class Try(NamedTuple):
    """Calls with one input, by the names under which they are counted.

    A call returns its outcome, or anything but text if it works. It raises :class:`AssertionError` for a wrong result.
    """

    calls: dict[str, Callable[[], object]]
    details: str = ""
    """Whatever shows where a failure occurred."""


Kind = Callable[[random.Random, Path], Iterator[Try]]
"""Function of random numbers and an empty folder that gives tries without end; a try is called before the next."""


class Hang(BaseException):
    """Signal that a call took too long; not an ``Exception``, which readers would take for a damaged file."""


def fuzz(kind: Kind, times: int, seed: int) -> Counter[tuple[str, str]]:
    """Count the outcomes of some tries by the names of their calls, and print where failures occurred."""
    counts: Counter[tuple[str, str]] = Counter()
    with TemporaryDirectory() as folder, closing(kind(random.Random(seed), Path(folder))) as tries:
        for index, (calls, details) in enumerate(islice(tries, times)):
            for name, call in calls.items():
                result = outcome(call)
                counts[name, result] += 1
                if result.startswith(FAILURES):
                    print(f"{index} of seed {seed}, {details}: {name}: {result}", flush=True)
    return counts


def outcome(call: Callable[[], object]) -> str:
    """Make a call, and return its outcome."""

    def stop(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        result = call()
    except (InputError, FloatingPointError) as error:
        return "refused in one line" if "\n" not in str(error) else f"several lines: {str(error)[:80]}"
    except AssertionError as error:
        return f"WRONG {printable(str(error))}"
    except Hang:
        return "HANG"
    except Exception as error:
        return f"CRASH {type(error).__name__}: {printable(str(error))[:100]}"
    finally:
        signal.alarm(0)
    return result if isinstance(result, str) else "works"


@contextmanager
def messages() -> Iterator[list[str]]:
    """Collect what this project logs in a block."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("fastreid.mm").addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger("fastreid.mm").removeHandler(handler)
