"""Files that SYSU-MM01 comes with: identity lists and the ten gallery permutations.

Formats: https://github.com/wuancong/SYSU-MM01.
"""

import hashlib
import re
from pathlib import Path

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.text_lines import read_lines

CAMERAS = (1, 2, 3, 4, 5, 6)
VISIBLE_CAMERAS = (1, 2, 4, 5)
INFRARED_CAMERAS = (3, 6)
Permutation = dict[tuple[int, int], np.ndarray]


def read_mat(path: str | Path, variable: str) -> np.ndarray:
    """Read one variable of a MATLAB file.

    Raises:
        InputError: the file is missing, is not a MATLAB file, or holds no such variable; names the path.
    """
    from scipy.io import loadmat

    if not Path(path).is_file():
        raise InputError(f"no such file: {path}")
    try:
        content = loadmat(path, variable_names=[variable])
    except Exception as error:  # scipy raises many kinds for a damaged file, zlib.error and struct.error among them
        raise InputError(f"not a readable MATLAB file: {path} ({type(error).__name__})") from error
    if variable not in content:
        raise InputError(f"no variable {variable!r} in {path}")
    return content[variable]


def _integers(values: np.ndarray, path: Path) -> list[int]:
    """Convert one or more values to integers; a float must be whole, as MATLAB's numbers are."""
    values = np.asarray(values)
    numbers = values.ravel() if values.dtype.kind in "uif" else np.array([np.nan])
    if not len(numbers) or not np.array_equal(numbers, np.round(numbers)) or numbers.min() < 0 or numbers.max() >= 1e18:
        raise InputError(f"not a list of integer identities: {path}")
    return numbers.astype(np.int64).tolist()


def _identities(path: Path) -> list[int]:
    """Read the integers, one or more, in a text file."""
    identities = []
    for number, line in read_lines(path, "identity list"):
        for word in filter(None, re.split(r"[\s,]+", line)):
            if not re.fullmatch(r"0*[0-9]{1,18}", word):
                raise InputError(f"not a list of integer identities: {path}:{number} has {word[:40]!r}")
            identities.append(int(word))
    if not identities:
        raise InputError(f"not a list of integer identities: {path} is empty")
    return identities


def read_ids(folder: str | Path, name: str) -> list[int]:
    """Read an identity list such as ``test_id``, in the file's order.

    ``name.txt`` is read where it exists, else the variable ``id`` of ``name.mat``. The text has commas, spaces or new
    lines between its numbers.

    Raises:
        InputError: neither file exists (both are named), or anything in it is no integer from 0; names file and line.

    Examples:
        >>> read_ids("SYSU-MM01/exp", "test_id")[:3]  # doctest: +SKIP
        [6, 10, 17]
    """
    text, mat = Path(folder) / f"{name}.txt", Path(folder) / f"{name}.mat"
    if text.is_file():
        return _identities(text)
    if not mat.is_file():
        raise InputError(f"no identity list: neither {text} nor {mat} exists")
    return _integers(read_mat(mat, "id"), mat)


def _image_numbers(cell: np.ndarray, where: str) -> np.ndarray:
    """Convert the rows of a cell to integers from 1, none twice in a row."""
    rows = np.asarray(cell)
    if rows.ndim != 2 or rows.dtype.kind not in "uif":
        raise InputError(f"{where} is not a matrix of image numbers")
    numbers = rows.astype(np.int64)
    ascending = np.sort(numbers, axis=1)
    if (numbers != rows).any() or (numbers < 1).any() or (ascending[:, 1:] == ascending[:, :-1]).any():
        raise InputError(f"{where} has a row that is not distinct image numbers from 1")
    return numbers


def read_permutation(path: str | Path) -> Permutation:
    """Read ``rand_perm_cam.mat``, the gallery order of the ten official trials.

    Returns:
        ``{(camera, identity): (10, n_images)}``, 1-based image numbers; identities a camera never saw are left out.

    Raises:
        InputError: the file is missing or broken, or an entry's rows are not distinct numbers from 1.
    """
    cells = read_mat(path, "rand_perm_cam")
    if cells.dtype != object or cells.size != len(CAMERAS):
        raise InputError(f"rand_perm_cam must be {len(CAMERAS)} cells, one a camera: {path}")
    return {
        (camera, identity): _image_numbers(cell, f"camera {camera}, identity {identity} of {path}")
        for camera, cell_of_camera in zip(CAMERAS, cells.ravel())
        for identity, cell in enumerate(cell_of_camera.ravel(), start=1)
        if np.size(cell)
    }


OFFICIAL = "da6538941530a2a4b79864bb731a3308515ad2e815fa1efd6795f4d56b18bad3"
"""Digest (:func:`digest`) of the permutation that the data set comes with."""


def digest(permutation: Permutation) -> str:
    """Compute the SHA-256 of a permutation's numbers, independent of their file."""
    sha = hashlib.sha256()
    for (camera, identity), rows in sorted(permutation.items()):
        sha.update(f"{camera} {identity} {rows.shape}\n".encode())
        sha.update(rows.astype("<i8").tobytes())
    return sha.hexdigest()


def is_official(permutation: Permutation) -> bool:
    """Tell whether a permutation is the one that SYSU-MM01 comes with."""
    return digest(permutation) == OFFICIAL


def gallery_source(permutation: Permutation | None) -> str:
    """Say how galleries are drawn, in the words of results."""
    if permutation is None:
        return "seeded draw"
    return "official permutation" if is_official(permutation) else "the set's own permutation"


def write_permutation(path: str | Path, permutation: Permutation) -> None:
    """Write ``rand_perm_cam.mat`` as the data set has it: 6 x 1 cells, each with one cell an identity.

    Args:
        path: the file to write.
        permutation: ``{(camera 1..6, identity from 1): (10, n_images)}``, 1-based image numbers.

    Raises:
        InputError: a camera that is not 1..6, or an identity below 1.
    """
    from scipy.io import savemat

    for camera, identity in permutation:
        if camera not in CAMERAS or identity < 1:
            raise InputError(f"no place for camera {camera}, identity {identity} in {path}")
    cells = np.empty((len(CAMERAS), 1), dtype=object)
    for camera in CAMERAS:
        present = {identity: rows for (cam, identity), rows in permutation.items() if cam == camera}
        cells[camera - 1, 0] = column = np.empty((max(present, default=1), 1), dtype=object)
        for identity in range(1, len(column) + 1):
            column[identity - 1, 0] = present.get(identity, np.empty((0, 0)))
    savemat(path, {"rand_perm_cam": cells}, do_compression=True)
