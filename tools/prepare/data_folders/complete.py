"""Folders that are either complete or missing, and helpers for making them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import is_dropping

MARKER = "made.json"
JPEG_QUALITY = 92


def make_folder(root: Path, recipe: Mapping[str, object], fill: Callable[[Path], None]) -> bool:
    """Fill a new folder, or recognize the finished result of the same recipe.

    The files are written to a sibling of ``root`` that takes its name only when it is complete, so an interrupted run
    leaves nothing that could be mistaken for a data set.

    Args:
        root: the folder to make. It may exist if it is empty or holds the same recipe's result.
        recipe: everything that determines the content, in JSON values. It is kept beside the content, in ``made.json``.
        fill: writes the content into the folder it is given.

    Returns:
        True if the folder was made now, False if it was already there.

    Raises:
        InputError: ``root`` is in use by something else, has lost files, or cannot be written.
    """
    root = root.resolve()  # "." has no name and so no sibling
    recipe = json.loads(json.dumps(recipe))  # tuples become lists, as in the marker when it is read back
    if _occupied(root):
        _require_same(root, recipe)
        return False
    partial = root.with_name(f".{root.name}.partial-{os.getpid()}")
    try:
        _build(partial, recipe, fill)
        if root.exists():
            root.rmdir()
        partial.rename(root)
    except OSError as error:
        raise InputError(f"cannot make {root}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def fingerprint(paths: Iterable[Path]) -> str:
    """Hash the names, folder names and bytes of source files, so that the recipe of other files differs."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def require_seed(seed: int) -> None:
    """Refuse a seed that NumPy would not take.

    Raises:
        InputError: the seed is negative.
    """
    if seed < 0:
        raise InputError(f"the seed must not be negative, got {seed}")


def save_image(image: Image.Image, path: Path) -> None:
    """Write an image in the format that its name asks for, and make its folder where that is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=JPEG_QUALITY)


def _occupied(root: Path) -> bool:
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, a folder is needed")
    return root.is_dir() and any(root.iterdir())


def _require_same(root: Path, recipe: Mapping[str, object]) -> None:
    try:
        marker = json.loads((root / MARKER).read_text())
        made_with, files = marker["recipe"], marker["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{root} exists, is not empty and was not finished by this tool") from None
    if made_with != recipe:
        raise InputError(f"{root} holds a data set made from other settings: {json.dumps(made_with)}")
    left = _count_files(root)
    if left < files:  # more files do no harm: readers of the data set may leave caches
        raise InputError(f"{root} was made with {files} files and now holds {left}: remove it to make it anew")


def _build(partial: Path, recipe: Mapping[str, object], fill: Callable[[Path], None]) -> None:
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    fill(partial)
    marker = {"recipe": recipe, "files": _count_files(partial) + 1}  # the marker is a file too
    (partial / MARKER).write_text(json.dumps(marker, indent=1) + "\n")


def _count_files(root: Path) -> int:
    """Count files, without those that an operating system leaves behind."""
    return sum(not is_dropping(name) for _, _, names in os.walk(root) for name in names)
