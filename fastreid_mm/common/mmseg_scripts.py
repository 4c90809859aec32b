"""Scripts in mmsegmentation's wheel, found without importing it, which takes seconds."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from fastreid_mm.common.errors import InputError

CONFIG_SUFFIXES = (".py", ".json", ".yaml", ".yml")
"""Suffixes of the config among the arguments, which is a path or a shipped config's short name."""


def scripts_folder() -> Path:
    """Return the folder of the scripts; mmsegmentation must be installed."""
    spec = find_spec("mmseg")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / ".mim" / "tools"


def find_script(name: str) -> Path:
    """Find a script by its name or path, with or without its suffix: of several, the one whose path sorts first.

    Raises:
        InputError: there is no such script; the message lists all of them.
    """
    folder = scripts_folder()
    known = sorted(folder.rglob("*.py"))
    matching = [path for path in known if path.with_suffix("").match(name.removesuffix(".py"))]
    if not matching:
        names = ", ".join(str(path.relative_to(folder).with_suffix("")) for path in known)
        raise InputError(f"no script {name!r}; there are {names or f'none in {folder}: install the wheel'}")
    return matching[0]


def config_place(arguments: Sequence[str]) -> int | None:
    """Return the index of the config among the arguments of a script, None if there is none."""
    return next((index for index, argument in enumerate(arguments) if argument.endswith(CONFIG_SUFFIXES)), None)
