"""Features of SYSU-MM01 in the layout of its authors' code, one file for each camera.

``PREFIX_cam{1..6}.mat`` holds ``feature``, N x 1 cells; cell i is the (n_images, D) features of identity i, in the
order of the image numbers, and is empty where the camera never saw the identity.
Format: https://github.com/wuancong/SYSU-MM01, evaluation.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.sysu_splits import Permutation, read_mat


class SysuFeatures(NamedTuple):
    """Features and labels of N images."""

    features: np.ndarray  # (N, D) float64
    ids: np.ndarray  # (N,)
    cams: np.ndarray  # (N,)
    numbers: np.ndarray  # (N,) image number from 1 in its camera and identity


def _cell(cell: np.ndarray, where: str) -> np.ndarray:
    if cell.ndim != 2 or cell.dtype.kind not in "fui":
        raise InputError(f"features of {where} are not an (n_images, D) matrix")
    if not np.isfinite(cell).all():
        raise InputError(f"a feature of {where}, image {np.argwhere(~np.isfinite(cell))[0, 0] + 1}, is not finite")
    return cell.astype(np.float64)


def _read_camera(path: Path, ids: Sequence[int]) -> dict[int, np.ndarray]:
    cells = read_mat(path, "feature")
    if cells.dtype != object:
        raise InputError(f"'feature' is not one cell an identity: {path}")
    cells = cells.ravel()
    seen = [identity for identity in ids if 1 <= identity <= len(cells) and cells[identity - 1].size]
    return {identity: _cell(cells[identity - 1], f"identity {identity} of {path}") for identity in seen}


def read_features(folder: str | Path, name: str, ids: Sequence[int], cams: Sequence[int]) -> SysuFeatures:
    """Read the features of some identities under some cameras, cameras outer, identities ascending.

    Args:
        folder: folder of the files ``name_cam1.mat`` to ``name_cam6.mat``.
        name: the prefix of the files.
        ids: identities to read.
        cams: cameras to read, from 1.

    Raises:
        InputError: a file is missing or broken, a feature is not finite, the sizes D differ, or nothing is left.
    """
    paths = {cam: Path(folder) / f"{name}_cam{cam}.mat" for cam in cams}
    cells = {(cam, i): cell for cam, path in paths.items() for i, cell in _read_camera(path, sorted(ids)).items()}
    if not cells:
        raise InputError(f"no features of the {len(ids)} identities under the cameras {tuple(cams)} in {folder}")
    size = next(iter(cells.values())).shape[1]
    for (cam, identity), cell in cells.items():
        if cell.shape[1] != size:
            raise InputError(f"features have {size} values, but {cell.shape[1]} at identity {identity} of {paths[cam]}")
    counts = [len(cell) for cell in cells.values()]
    return SysuFeatures(
        np.concatenate(list(cells.values())),
        np.repeat([identity for _, identity in cells], counts),
        np.repeat([cam for cam, _ in cells], counts),
        np.concatenate([np.arange(1, count + 1) for count in counts]),
    )


def check_complete(images: SysuFeatures, permutation: Permutation, ids: Sequence[int], cams: Sequence[int]) -> None:
    """Refuse features whose images are not exactly those of the permutation.

    A query that was never extracted, or a gallery image that is never drawn, would otherwise change the result
    silently.

    Raises:
        InputError: names the first camera and identity whose numbers of images differ.
    """
    for cam, identity in ((cam, identity) for cam in cams for identity in sorted({*ids})):
        expected = permutation[cam, identity].shape[1] if (cam, identity) in permutation else 0
        features = int(((images.cams == cam) & (images.ids == identity)).sum())
        if features != expected:
            raise InputError(
                f"camera {cam}, identity {identity}: {features} features, but the permutation has {expected} images"
            )
