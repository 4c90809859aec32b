"""Exception for everything that a user can put right, and its printing by the tools."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from fastreid_mm.common.console import CLOSED_PIPE, closed_pipe, prepare_console, printable
from fastreid_mm.common.requirements import WITHOUT_REQUIREMENTS

REFUSED = 2
"""Exit status of a program that has refused its input."""


class InputError(ValueError):
    """Error of a path, config key, file or number given by the user that cannot be used.

    The message is a single line that names it, in which characters that would break the line are escaped; the tools
    print it without a traceback.
    """

    def __init__(self, message: object = "") -> None:
        text = str(message).strip()
        if text.startswith("Caught "):  # from a loader's worker process, wrapped in that process's traceback
            text = text.split("InputError: ")[-1]
        super().__init__(printable(text) or type(self).__name__)


def require_choice(name: str, value: object, known: Iterable[object]) -> None:
    """Refuse a value that is not one of the choices.

    Raises:
        InputError: names the argument, its value and the choices.
    """
    known = tuple(known)
    if value not in known:
        raise InputError(f"{name} {value!r} is not one of {', '.join(map(str, known))}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class if the message is empty."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def listed(items: Sequence[object], shown: int = 20, separator: str = "; ") -> str:
    """Join problems or names to one line: the first ``shown`` of them, and the number of the others."""
    more = len(items) - shown
    return separator.join([*map(str, items[:shown]), *([f"and {more} more"] if more > 0 else [])])


def require_packages(extra: str, *names: str) -> None:
    """Refuse to start without the packages of an extra of this project.

    Raises:
        InputError: names the missing packages and the commands that install them.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        alone = [WITHOUT_REQUIREMENTS[name] for name in missing if name in WITHOUT_REQUIREMENTS]
        commands = [f'pip install "fastreid-mm[{extra}]"', *(f'pip install --no-deps "{each}"' for each in alone)]
        raise InputError(f"not installed: {', '.join(missing)}; {' and '.join(commands)} brings it")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Run the block of a command, with names that cannot be printed escaped, and errors of input without a traceback.

    Raises:
        SystemExit: with ``REFUSED`` and one line on standard error when the block raises :class:`InputError`, or with
            ``CLOSED_PIPE`` when its output is no longer read.
    """
    prepare_console()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(REFUSED) from None
    except BrokenPipeError:
        if not closed_pipe():
            raise
        raise SystemExit(CLOSED_PIPE) from None
