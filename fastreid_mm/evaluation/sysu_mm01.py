"""SYSU-MM01 protocol: infrared queries, a visible gallery drawn ten times, single-shot and multi-shot.

Protocol: https://github.com/wuancong/SYSU-MM01; the seeded draw, which replaces a missing official permutation, is
AGW's, https://arxiv.org/abs/2001.04193.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.evaluation.hidden_images import is_junk, tell_junk
from fastreid_mm.evaluation.measure import as_distances, to_array
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.side import Ranking, Side, ranking_of
from fastreid_mm.evaluation.sysu_splits import (
    INFRARED_CAMERAS,
    VISIBLE_CAMERAS,
    Permutation,
    gallery_source,
    read_permutation,
)

RANKS = (1, 10, 20)
QUERY_CAMERAS = INFRARED_CAMERAS
GALLERY_CAMERAS = {"all": VISIBLE_CAMERAS, "indoor": (1, 2)}
Image = tuple[int, int, int]  # camera, identity, image number


def draw_official(permutation: Permutation, ids: Sequence[int], mode: str, shots: int, trial: int) -> list[Image]:
    """Take the gallery of one trial: the first ``shots`` entries of the trial's row for each camera and identity.

    Cameras are the outer loop, identities ascend in the inner one; all images of an identity with fewer are taken.

    Args:
        permutation: the result of :func:`~fastreid_mm.evaluation.sysu_splits.read_permutation`.
        ids: the test identities.
        mode: "all" or "indoor".
        shots: the number of images of each identity under each camera.
        trial: the number of the trial, from 0.

    Returns:
        Camera, identity and number of each image.

    Raises:
        InputError: the permutation has no row for the trial.
    """
    present = [(cam, i) for cam in GALLERY_CAMERAS[mode] for i in sorted(ids) if (cam, i) in permutation]
    for cam, i in present:
        rows = len(permutation[cam, i])
        if trial >= rows:
            raise InputError(f"the permutation of camera {cam}, identity {i} has {rows} trials, not {trial + 1}")
    return [(cam, i, int(number)) for cam, i in present for number in permutation[cam, i][trial, :shots]]


def _columns(gallery: Side) -> dict[Image, int]:
    """Find the column of each image that may be drawn, without those of identity -1."""
    if gallery.numbers is None:
        raise InputError("SYSU-MM01's galleries are drawn by the numbers of images, and there are none")
    tell_junk(gallery_images=gallery.ids)
    people = np.flatnonzero(~is_junk(gallery.ids))
    labels = gallery.places, gallery.ids, gallery.numbers
    images = zip(*(each[people].tolist() for each in labels))
    columns = dict(zip(images, people.tolist()))
    if len(columns) < len(people):
        raise InputError(f"the gallery's {len(people)} images are only {len(columns)} by camera, identity and number")
    return columns


def _lookup(columns: dict[Image, int], drawn: list[Image]) -> np.ndarray:
    for cam, identity, number in drawn:
        if (cam, identity, number) not in columns:
            raise InputError(
                f"the permutation names camera {cam}, identity {identity}, image {number}, which the gallery lacks"
            )
    return np.array([columns[image] for image in drawn], dtype=np.int64)


def _check_cameras(query_cams: np.ndarray, gallery_cams: np.ndarray) -> None:
    """Refuse other cameras, such as 2 and 5 for 3 and 6 when counting from 0, with which results would be wrong."""
    for name, cams, allowed in (("query", query_cams, QUERY_CAMERAS), ("gallery", gallery_cams, VISIBLE_CAMERAS)):
        wrong = sorted({*cams.tolist()} - {*allowed})
        if wrong:
            raise InputError(
                f"{name}_cams has camera {', '.join(map(str, wrong))}: SYSU-MM01's {name} images are of "
                f"cameras {', '.join(map(str, allowed))}"
            )


class SYSU(Protocol):
    """SYSU-MM01 protocol: all modes and numbers of shots, each averaged over the trials.

    A trial's gallery is a choice among all visible images, without those of identity -1, which are no queries either.
    All queries are used in both modes; those without a true image in the gallery are skipped: in indoor search
    identities that the cameras 1 and 2 never saw, and camera-3 queries of those that only camera 2 saw. The number of
    valid queries is not reported.

    Args:
        permutation: the result of :func:`~fastreid_mm.evaluation.sysu_splits.read_permutation`; ``None`` draws with
            seeds.
        modes: ``"all"`` (cameras 1, 2, 4, 5) and ``"indoor"`` (cameras 1, 2).
        shots: the numbers of gallery images of each identity under each camera.
        trials: the number of galleries to average over; the official permutation has ten.
        permutation_file: the path of the permutation, for messages.

    Raises:
        InputError: a mode is unknown, or there are no modes, shots or trials.
    """

    rule = "sysu"
    goes_by = ("cameras", "numbers")
    unique_ids = True
    counts_queries = False

    def __init__(
        self,
        permutation: Permutation | None = None,
        modes: Sequence[str] = ("all", "indoor"),
        shots: Sequence[int] = (1, 10),
        trials: int = 10,
        permutation_file: str = "the permutation",
    ) -> None:
        for mode in modes:
            require_choice("mode", mode, GALLERY_CAMERAS)
        if not modes or not shots:
            raise InputError(f"nothing to evaluate: modes {tuple(modes)}, shots {tuple(shots)}")
        if min(*shots, trials) < 1:
            raise InputError(f"shots and trials must be at least 1, got shots {tuple(shots)} and {trials} trials")
        self._permutation, self._file = permutation, permutation_file
        self._modes, self._shots, self._trials = modes, shots, trials
        self.gallery_source = gallery_source(permutation)

    @classmethod
    def from_cfg(cls, cfg: Any, dataset: Any) -> "SYSU":
        """Make the protocol that draws as ``TEST.SYSU.GALLERY`` says.

        Raises:
            InputError: the official permutation is required but missing.
        """
        choice, path = cfg.TEST.SYSU.GALLERY, dataset.permutation_file
        official = choice == "official" or (choice == "auto" and Path(path).is_file())
        protocol = cls(read_permutation(path) if official else None, permutation_file=path)
        if dataset.split != "test":
            protocol.gallery_source += f" of {dataset.split} identities"
        return protocol

    def rankings(self, query: Side, gallery: Side) -> dict[str, Iterator[Ranking]]:
        """Return the rankings of the settings: ``all_search_1shot`` and so on.

        Raises:
            InputError: cameras are of the other modality, a gallery image is given twice, or the permutation names an
                image that the gallery lacks.
        """
        _check_cameras(query.places, gallery.places)
        columns = _columns(gallery)
        if self._permutation is not None:
            self._warn_of_undrawn(self._permutation, columns, gallery.names)
        everyone = np.union1d(query.ids, gallery.ids).tolist()
        return {
            f"{mode}_search_{shots}shot": self._trials_of(mode, shots, query, gallery, columns, everyone)
            for mode in self._modes
            for shots in self._shots
        }

    def _trials_of(
        self, mode: str, shots: int, query: Side, gallery: Side, columns: dict[Image, int], everyone: list[int]
    ) -> Iterator[Ranking]:
        images = defaultdict(list)
        for cam, identity, number in sorted(columns):
            if cam in GALLERY_CAMERAS[mode]:
                images[cam, identity].append(number)
        for trial in range(self._trials):
            if self._permutation is None:
                drawn = draw_seeded(images, shots, trial)
            else:
                drawn = draw_official(self._permutation, everyone, mode, shots, trial)
            yield Ranking(query, gallery, _lookup(columns, drawn))

    def shown_gallery(self, gallery: Side) -> np.ndarray:
        """Return the indices of the first image of every identity and camera, as many as in a single-shot gallery."""
        return np.unique(np.stack([gallery.ids, gallery.places]), axis=1, return_index=True)[1]

    def _warn_of_undrawn(self, permutation: Permutation, columns: dict[Image, int], names: np.ndarray | None) -> None:
        """Warn of images whose numbers are not in the permutation, so that they are in no gallery."""
        numbered = {(*key, int(number)) for key, rows in permutation.items() for number in np.unique(rows)}
        undrawn = [column for image, column in columns.items() if image not in numbered]
        if undrawn and names is not None:
            warn_once(
                f"{self._file} does not number {len(undrawn)} images, which are in no gallery, the first: "
                f"{names[undrawn[0]]}"
            )


def evaluate_sysu(
    distance: Any,
    query_ids: Any,
    query_cams: Any,
    gallery_ids: Any,
    gallery_cams: Any,
    gallery_numbers: Any,
    permutation: Permutation | None = None,
    modes: Sequence[str] = ("all", "indoor"),
    shots: Sequence[int] = (1, 10),
    ranks: Sequence[int] = RANKS,
    trials: int = 10,
) -> Settings:
    """Evaluate distances by :class:`SYSU`.

    Args:
        distance: (Nq, Ng) from each infrared image to each visible image of the test identities.
        query_ids: (Nq,) identities.
        query_cams: (Nq,) cameras, 3 or 6.
        gallery_ids: (Ng,) identities.
        gallery_cams: (Ng,) cameras, 1, 2, 4 or 5.
        gallery_numbers: (Ng,) number of each image in its camera and identity, the 1 of ``cam1/0006/0001.jpg``.
        permutation, modes, shots, trials: see :class:`SYSU`.
        ranks: the k of each Rank-k.

    Returns:
        ``{"all_search_1shot": {"Rank-1", "Rank-10", "Rank-20", "mAP", "mINP"}, ...}`` in percent; the number of valid
        queries, the same in every trial, is returned only by :func:`rank_metrics`.

    Raises:
        InputError: sizes disagree, cameras are of the other modality, a mode is unknown, there are no modes or shots, a
            gallery image is given twice, the permutation names an image that the gallery lacks, or
            :func:`rank_metrics` refuses the arguments.
    """
    protocol = SYSU(permutation, modes, shots, trials)
    matrix, numbers = as_distances(distance), to_array(gallery_numbers)
    ranking = ranking_of(matrix.shape, query_ids, gallery_ids, query_cams, gallery_cams)
    if numbers.shape != matrix.shape[1:]:
        raise InputError(f"gallery_numbers must have shape {matrix.shape[1:]}, got {numbers.shape}")
    query = ranking.query._replace(features=torch.from_numpy(matrix))  # a query's features are its distances
    return protocol.evaluate(query, ranking.gallery._replace(numbers=numbers), lambda distances, _: distances, ranks)
