"""Configs by short name, from anywhere."""

from pathlib import Path

from fastreid_mm.errors import InputError

PACKAGES = Path(__file__).parent.parent
"""Where both packages are: a checkout, or where they were installed."""


def find_config(name: str, package: str) -> str:
    """The path of a config: ``name`` itself, or where it is among the configs that come with a package.

    A wheel has them in the package's own folder ``configs``, a checkout in the one beside the packages.

    Args:
        name: a path, or a short name like "SYSU/cmtr.yml".
        package: "fastreid_mm" or "mmseg_mm".

    Raises:
        InputError: there is no such file; the message lists where it should have been.
    """
    own = PACKAGES / package / "configs"
    shipped = (own if own.is_dir() else PACKAGES / "configs") / name
    for path in (Path(name), shipped):
        if path.is_file():
            return str(path)
    looked = "" if Path(name).is_absolute() else f": looked for {Path(name).absolute()} and {shipped}"
    raise InputError(f"config {name} does not exist{looked}")
