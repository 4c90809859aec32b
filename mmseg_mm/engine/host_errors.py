"""Errors of the host about a config that it cannot build, in one line."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastreid_mm.common.errors import InputError

KINDS = (AssertionError, ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError, OSError)
"""Exceptions that the host raises for values of a config that it does not expect."""
OURS = ("/mmseg_mm/", "/fastreid_mm/")
HOSTS = ("/mmengine/", "/mmseg/", "/mmcv/", "/torch/utils/data/", "/torch/optim/")
STEPS = ("run_iter", "train_step", "val_step", "test_step", "__getitem__", "_next_data")
"""Functions that run after everything is built: their exceptions have other causes than the config."""
WRONG_WORDS = ("unexpected keyword argument", "registry. Please check")
"""Parts of the host's messages about an argument that a class does not have, and an unknown ``type``."""
NO_OPTIMIZER = "None is not a callable object"
"""Message of mmengine's constructor of optimizers about an unknown ``type``."""
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""Folders of installed packages and of Python's own modules."""
LONGEST = 300
"""Number of characters of the host's message that are shown, as some messages contain a whole config."""


@contextmanager
def host_errors(config: str | None) -> Iterator[None]:
    """Turn the host's exceptions in a block about a value of a config into one line; others are not changed.

    Raises:
        InputError: The host has refused a value while it built something.
    """
    try:
        yield
    except InputError:
        raise
    except KINDS as error:
        message = str(error.args[0]) if error.args and not isinstance(error, OSError) else str(error)
        if message == NO_OPTIMIZER:
            raise InputError(f"config {config}: optim_wrapper.optimizer.type is not a known optimizer") from None
        if not (any(words in message for words in WRONG_WORDS) or _is_the_hosts(error)):
            raise
        line = " ".join((message.splitlines() or [""])[0].split(". Please")[0].split())[:LONGEST]
        reason = line if " " in line else f"{type(error).__name__} {line}".strip()
        raise InputError(f"config {config}: {reason}") from error


def _is_the_hosts(error: Exception) -> bool:
    """Tell whether the host, or a library that it called, raised an error before anything ran."""
    frames = traceback.extract_tb(error.__traceback__)
    hosts = [index for index, frame in enumerate(frames) if any(host in frame.filename for host in HOSTS)]
    running = any(frame.name in STEPS for frame in frames)
    return bool(hosts) and not running and all(_is_a_librarys(frame.filename) for frame in frames[hosts[-1] :])


def _is_a_librarys(file: str) -> bool:
    """Tell whether a file is neither ours nor of a package from outside, whose author needs the traceback."""
    return not any(part in file for part in OURS) and (file.startswith(LIBRARIES) or not Path(file).is_file())
