"""The SYSU-MM01 protocol: infrared queries, a visible gallery drawn ten times, single-shot and multi-shot.

Protocol: https://github.com/wuancong/SYSU-MM01; the seeded draw, for want of the official permutation, is AGW's,
https://arxiv.org/abs/2001.04193.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.extras import Measure
from fastreid_mm.evaluation.hidden_images import is_junk, tell_junk
from fastreid_mm.evaluation.rank_metrics import rank_metrics, to_array
from fastreid_mm.evaluation.results import mean_metrics
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS, VISIBLE_CAMERAS, Permutation

RANKS = (1, 10, 20)
QUERY_CAMERAS = INFRARED_CAMERAS
GALLERY_CAMERAS = {"all": VISIBLE_CAMERAS, "indoor": (1, 2)}
Image = tuple[int, int, int]  # camera, identity, image number


def draw_official(permutation: Permutation, ids: Sequence[int], mode: str, shots: int, trial: int) -> list[Image]:
    """Gallery of one trial: the first ``shots`` entries of the trial's row for each camera and identity.

    Cameras are the outer loop, identities ascend in the inner one; an identity with fewer images gives all it has.

    Args:
        permutation: of :func:`~fastreid_mm.evaluation.sysu_splits.read_permutation`.
        ids: of the test identities.
        mode: "all" or "indoor".
        shots: images of each identity under each camera.
        trial: from 0.

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


def _columns(cams: np.ndarray, ids: np.ndarray, numbers: np.ndarray) -> dict[Image, int]:
    """The column of each image that may be drawn, which is somebody's."""
    tell_junk(gallery_images=ids)
    people = np.flatnonzero(~is_junk(ids))
    images = zip(cams[people].tolist(), ids[people].tolist(), numbers[people].tolist())
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


def _check_settings(modes: Sequence[str], shots: Sequence[int], trials: int) -> None:
    for mode in modes:
        require_choice("mode", mode, GALLERY_CAMERAS)
    if not modes or not shots:
        raise InputError(f"nothing to evaluate: modes {tuple(modes)}, shots {tuple(shots)}")
    if min(*shots, trials) < 1:
        raise InputError(f"shots and trials must be at least 1, got shots {tuple(shots)} and {trials} trials")


def _check_cameras(query_cams: np.ndarray, gallery_cams: np.ndarray) -> None:
    """Others would be ranked too, and answer with other numbers: 2 and 5 for the infrared 3 and 6, or 0 to 5."""
    for name, cams, known in (("query", query_cams, QUERY_CAMERAS), ("gallery", gallery_cams, VISIBLE_CAMERAS)):
        wrong = sorted({*cams.tolist()} - {*known})
        if wrong:
            raise InputError(
                f"{name}_cams has camera {', '.join(map(str, wrong))}: SYSU-MM01's {name} images are of "
                f"cameras {', '.join(map(str, known))}"
            )


def _check_lengths(shape: tuple[int, ...], queries: Sequence[np.ndarray], gallery: Sequence[np.ndarray]) -> None:
    sizes = [len(array) for array in (*queries, *gallery)]
    if len(shape) != 2 or sizes != [shape[0]] * len(queries) + [shape[1]] * len(gallery):
        raise InputError(f"distance {shape} does not fit query ids, cams and gallery ids, cams, numbers of {sizes}")


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
    *,
    measure: Measure = rank_metrics,
) -> dict[str, dict[str, float]]:
    """Evaluate every mode and number of shots, each averaged over the trials.

    The distance to every gallery image is given once; a trial is a choice of its columns, without images of identity
    -1, which are no queries either. All queries are used in both
    modes; those with no true image left are skipped, in indoor search the identities that the cameras 1 and 2 never
    saw, and camera-3 queries of those seen by camera 2 alone.

    Args:
        distance: (Nq, Ng) from each infrared image to each visible image of the test identities.
        query_ids: (Nq,) identities.
        query_cams: (Nq,) cameras, 3 or 6.
        gallery_ids: (Ng,) identities.
        gallery_cams: (Ng,) cameras, 1, 2, 4 or 5.
        gallery_numbers: (Ng,) number of each image in its camera and identity, the 1 of ``cam1/0006/0001.jpg``.
        permutation: of :func:`~fastreid_mm.evaluation.sysu_splits.read_permutation`; ``None`` draws with seeds.
        modes: ``"all"`` (cameras 1, 2, 4, 5) and ``"indoor"`` (cameras 1, 2).
        shots: gallery images of each identity under each camera.
        ranks: the k of each Rank-k.
        trials: galleries to average over; the official permutation has ten.
        measure: what ranks a gallery, called as :func:`rank_metrics`.

    Returns:
        ``{"all_search_1shot": {"Rank-1", "Rank-10", "Rank-20", "mAP", "mINP"}, ...}`` in percent and what else the
        measure gives; the number of valid queries, the same in every trial, is left to :func:`rank_metrics`.

    Raises:
        InputError: sizes that disagree, cameras of the other modality, an unknown mode or none, no shots, a gallery
            image given twice, a permutation that names an image the gallery lacks, and what :func:`rank_metrics`
            raises.
    """
    _check_settings(modes, shots, trials)
    distance, query_ids, query_cams = map(to_array, (distance, query_ids, query_cams))
    ids, cams, numbers = map(to_array, (gallery_ids, gallery_cams, gallery_numbers))
    _check_lengths(distance.shape, (query_ids, query_cams), (ids, cams, numbers))
    _check_cameras(query_cams, cams)
    columns = _columns(cams, ids, numbers)
    images = defaultdict(list)
    for cam, identity, number in sorted(columns):
        images[cam, identity].append(number)
    everyone = np.union1d(query_ids, ids).tolist()

    def run_trial(mode: str, shot: int, trial: int) -> dict[str, float]:
        if permutation is None:
            of_mode = {key: found for key, found in images.items() if key[0] in GALLERY_CAMERAS[mode]}
            drawn = draw_seeded(of_mode, shot, trial)
        else:
            drawn = draw_official(permutation, everyone, mode, shot, trial)
        kept = _lookup(columns, drawn)
        return measure(distance, query_ids, ids, query_cams, cams, "sysu", True, ranks, columns=kept)

    def average(mode: str, shot: int) -> dict[str, float]:
        try:
            results = [run_trial(mode, shot, trial) for trial in range(trials)]
        except InputError as error:
            raise InputError(f"{mode}_search_{shot}shot: {error}") from None
        mean = mean_metrics(results)
        return {name: float(value) for name, value in mean.items() if name != "valid_queries"}

    return {f"{mode}_search_{shot}shot": average(mode, shot) for mode in modes for shot in shots}
