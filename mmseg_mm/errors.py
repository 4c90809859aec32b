"""The one exception for what a user can put right, and how the tools print it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SHOWN = 20


class InputError(ValueError):
    """A path, config key, file or number given by the user cannot be used.

    The message is a single line that names the offending thing; the tools print it without a traceback.
    """


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the program with status 2 and one line on standard error when the block raises :class:`InputError`."""
    try:
        yield
    except InputError as error:
        # an error from a loader's worker process comes back wrapped in that process's traceback; its last line is ours
        line = str(error).strip().splitlines()[-1].split("InputError: ")[-1]
        print(f"error: {line}", file=sys.stderr)
        raise SystemExit(2) from None


def listed(names: Sequence[object]) -> str:
    """The names with commas between them; of very many only the first."""
    rest = len(names) - SHOWN
    return ", ".join(map(str, names[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")
