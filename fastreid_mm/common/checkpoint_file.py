"""Safe reading of checkpoint files, and a check that they are whole before a training goes on from one."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.safe_load import ADVICE, MapLocation, UntrustedError, load_safely, load_safetensors


def read_checkpoint(
    path: str, trust: bool = False, map_location: MapLocation = "cpu", advice: str = ADVICE
) -> Mapping[str, Any]:
    """Read the entries of a checkpoint by name, with :func:`load_safely`; those of a model folder are its weights.

    Raises:
        InputError: the file is missing, is damaged, is no checkpoint, or is more than plain data but not trusted.
    """
    if not os.path.exists(path):
        raise InputError(f"checkpoint {path} does not exist")
    if path.endswith(".safetensors"):
        return {"model": load_safetensors(path)}
    content = load_safely(path, trust, map_location, advice)
    if not isinstance(content, Mapping):
        raise InputError(f"{path} is not a checkpoint: it holds a {type(content).__name__}")
    return content


def require_whole(path: str) -> None:
    """Refuse a PyTorch file that was cut short or changed, by its checksums, which PyTorch does not check.

    The checksums cover the contents; their names are read as PyTorch reads them.

    Raises:
        InputError: names the file.
    """
    try:
        with ZipFile(path) as file:
            damaged = file.testzip()
        load_safely(path, map_location="meta")
    except UntrustedError:
        pass  # loading it will say what to do
    except Exception as error:  # a damaged file raises nearly anything, UnicodeDecodeError among it
        raise InputError(f"{path} is damaged: {first_line(error)}") from None
    if damaged:
        raise InputError(f"{path} is damaged: {damaged}")


def newest_first(checkpoints: Iterable[Path], last: Path | None = None) -> list[Path]:
    """Order checkpoints as a training should try them: the one noted as the last, if any, then from the newest."""
    others = (path for path in checkpoints if path != last)
    return [*([last] if last else []), *sorted(others, key=lambda path: path.stat().st_mtime_ns, reverse=True)]


def first_whole(checkpoints: Iterable[Path], warn: Callable[[InputError], object]) -> Path | None:
    """Find the first checkpoint that is not damaged, and warn of each damaged one before it."""
    for path in checkpoints:
        try:
            require_whole(str(path))
        except InputError as error:
            warn(error)
        else:
            return path
    return None
