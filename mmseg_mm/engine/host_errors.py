"""What the host says of a config that it cannot build, in one line."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastreid_mm.common.errors import InputError

KINDS = (AssertionError, ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError, OSError)
"""What the host raises where a value of a config is not as it expects."""
OURS = ("/mmseg_mm/", "/fastreid_mm/")
HOSTS = ("/mmengine/", "/mmseg/", "/mmcv/", "/torch/utils/data/", "/torch/optim/")
STEPS = ("run_iter", "train_step", "val_step", "test_step", "__getitem__", "_next_data")
"""Functions that run when everything is built: what they raise is no matter of the config."""
WRONG_WORDS = ("unexpected keyword argument", "registry. Please check")
"""What the host says of an argument that a class does not know, and of a ``type`` that there is not."""
NO_OPTIMIZER = "None is not a callable object"
"""What mmengine's constructor of optimizers says where there is none of that ``type``."""
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""The folders of installed packages and of Python's own."""
LONGEST = 300
"""How many characters of the host's message are shown: some print a whole config."""


@contextmanager
def host_errors(config: str | None) -> Iterator[None]:
    """Turn what the host raises in the block for a value of a config into one line; all else is left alone.

    Args:
        config: The path of the config.

    Raises:
        InputError: The host has refused a value, when it built something.
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
        said = line if " " in line else f"{type(error).__name__} {line}".strip()
        raise InputError(f"config {config}: {said}") from error


def _is_the_hosts(error: Exception) -> bool:
    """Whether the host, or a library that it called, raised an error while nothing ran yet."""
    frames = traceback.extract_tb(error.__traceback__)
    hosts = [index for index, frame in enumerate(frames) if any(host in frame.filename for host in HOSTS)]
    running = any(frame.name in STEPS for frame in frames)
    return bool(hosts) and not running and all(_is_a_librarys(frame.filename) for frame in frames[hosts[-1] :])


def _is_a_librarys(file: str) -> bool:
    """Whether code is neither ours nor that of a package from outside, whose tracebacks are for who writes it."""
    return not any(part in file for part in OURS) and (file.startswith(LIBRARIES) or not Path(file).is_file())
