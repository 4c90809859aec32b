"""Configs of the packages by their short names, from any working directory."""

from os import PathLike
from pathlib import Path

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.model_folder import CONFIG, find_model_folder, is_model_folder

PACKAGES = Path(__file__).parent.parent.parent
"""Folder of both packages: a checkout, or the folder where they were installed."""


def find_config(name: str | PathLike, package: str) -> str:
    """Return the path of a config: ``name`` itself, or the path of a config that comes with a package.

    A wheel has them in the package's own folder ``configs``, a checkout in the one beside the packages.

    Args:
        name: a path, or a short name like "SYSU/cmtr.yml", also as it is in a checkout, "configs/SYSU/cmtr.yml"; or a
            model folder, see :func:`find_model_folder`.
        package: "fastreid_mm" or "mmseg_mm".

    Raises:
        InputError: there is no such file; the message lists the paths that were tried.
    """
    if is_model_folder(name):
        return str(find_model_folder(name) / CONFIG)
    installed, given = PACKAGES / package / "configs", Path(name)
    short = given.relative_to("configs") if given.is_relative_to("configs") else given
    shipped = (installed if installed.is_dir() else PACKAGES / "configs") / short
    for path in (given, shipped):
        if path.is_file():
            return str(path)
    looked = "" if given.is_absolute() else f": looked for {given.absolute()} and {shipped}"
    raise InputError(f"config {name} does not exist{looked}")
