import random
from typing import NamedTuple

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import evaluate_sysu
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.sysu_mm01 import draw_official

IDS = [3, 5, 6, 9, 12, 14, 20, 21]
RANKS = (1, 2, 5)
CAMERAS = {"all": (1, 2, 4, 5), "indoor": (1, 2)}
# Fewer images than ten, cameras that never saw an identity, and identities no indoor camera saw.
COUNTS = {
    (cam, identity): 1 + (5 * cam + 3 * identity) % 13
    for cam in range(1, 7)
    for identity in IDS
    if cam in (3, 6) or ((cam + identity) % 3 and not (cam < 3 and identity > 14))
}


class Made(NamedTuple):
    distance: np.ndarray
    query_ids: np.ndarray
    query_cams: np.ndarray
    gallery_ids: np.ndarray
    gallery_cams: np.ndarray
    gallery_numbers: np.ndarray


@pytest.fixture
def made():
    images = np.array([(i, cam, n) for (cam, i), count in COUNTS.items() for n in range(1, count + 1)])
    images = np.random.default_rng(0).permutation(images)
    query = images[np.isin(images[:, 1], (3, 6))]
    gallery = images[~np.isin(images[:, 1], (3, 6))]
    distance = np.random.default_rng(1).integers(0, 50, (len(query), len(gallery))).astype(np.float32)
    return Made(distance, query[:, 0], query[:, 1], *gallery.T)


@pytest.fixture
def permutation():
    rng = np.random.default_rng(2)
    return {key: np.stack([rng.permutation(count) + 1 for _ in range(10)]) for key, count in COUNTS.items()}


def official_gallery(permutation, mode, shots, trial):
    keys = [(cam, identity) for cam in CAMERAS[mode] for identity in IDS if (cam, identity) in permutation]
    return [(*key, number) for key in keys for number in permutation[key][trial][:shots]]


def seeded_gallery(mode, shots, trial):
    """AGW's loop over folders, written with the module's own generator."""
    random.seed(trial)
    gallery = []
    for identity in sorted(IDS):
        for cam in CAMERAS[mode]:
            files = sorted(f"cam{cam}/{identity:04d}/{n:04d}.jpg" for n in range(1, COUNTS.get((cam, identity), 0) + 1))
            if not files:
                continue
            if shots == 1:
                drawn = [random.choice(files)]
            else:
                drawn = files if len(files) <= shots else random.sample(files, shots)
            gallery += [(cam, identity, int(file[-8:-4])) for file in drawn]
    return gallery


def naive(made, galleries):
    """Mean over the galleries of the protocol, one query at a time."""
    labels = list(zip(made.gallery_cams.tolist(), made.gallery_ids.tolist(), made.gallery_numbers.tolist()))
    means = []
    for gallery in galleries:
        scores = []
        for row, identity, camera in zip(made.distance, made.query_ids, made.query_cams):
            seen = [image for image in gallery if not (camera == 3 and image[0] == 2)]
            ranked = [image[1] for image in sorted(seen, key=lambda image: row[labels.index(image)])]
            if identity not in ranked:
                continue
            place = list(dict.fromkeys(ranked)).index(identity) + 1
            true = np.nonzero(np.array(ranked) == identity)[0] + 1
            precision = np.mean(np.arange(1, len(true) + 1) / true)
            scores.append([*(place <= k for k in RANKS), precision, len(true) / true[-1]])
        means.append(np.mean(scores, axis=0))
    return dict(zip([*(f"Rank-{k}" for k in RANKS), "mAP", "mINP"], 100 * np.mean(means, axis=0)))


@pytest.mark.parametrize("shots", [1, 10])
@pytest.mark.parametrize("mode", ["all", "indoor"])
def test_official_protocol(made, permutation, mode, shots):
    galleries = [official_gallery(permutation, mode, shots, trial) for trial in range(10)]
    result = evaluate_sysu(*made, permutation, (mode,), (shots,), RANKS)
    assert result == {f"{mode}_search_{shots}shot": pytest.approx(naive(made, galleries), abs=1e-9)}


@pytest.mark.parametrize("shots", [1, 10])
@pytest.mark.parametrize("mode", ["all", "indoor"])
def test_seeded_protocol(made, mode, shots):
    galleries = [seeded_gallery(mode, shots, trial) for trial in range(10)]
    result = evaluate_sysu(*made, None, (mode,), (shots,), RANKS)
    assert result == {f"{mode}_search_{shots}shot": pytest.approx(naive(made, galleries), abs=1e-9)}


@pytest.mark.parametrize(("mode", "shots"), [("all", 1), ("all", 10), ("indoor", 1), ("indoor", 10)])
def test_galleries_hold_up_to_shots_images_of_each_camera_and_identity(permutation, mode, shots):
    images = {key: list(range(1, count + 1)) for key, count in COUNTS.items() if key[0] in CAMERAS[mode]}
    expected = {key: min(len(found), shots) for key, found in images.items()}
    for gallery in (draw_official(permutation, IDS, mode, shots, 9), draw_seeded(images, shots, 9)):
        keys = [image[:2] for image in gallery]
        assert {key: keys.count(key) for key in keys} == expected
        assert len(set(gallery)) == len(gallery)


def test_trials_draw_different_galleries(permutation):
    images = {key: list(range(1, count + 1)) for key, count in COUNTS.items()}
    assert len({tuple(draw_official(permutation, IDS, "all", 1, trial)) for trial in range(10)}) == 10
    assert len({tuple(draw_seeded(images, 1, trial)) for trial in range(10)}) == 10


def test_seeded_draw_leaves_the_global_generator_alone():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    draw_seeded({(1, 3): [1, 2, 3]}, 1, 0)
    assert random.random() == expected


def test_default_settings_and_metrics(made, permutation):
    result = evaluate_sysu(*map(torch.from_numpy, made), permutation, ranks=(1, 5))
    assert list(result) == ["all_search_1shot", "all_search_10shot", "indoor_search_1shot", "indoor_search_10shot"]
    assert all(list(row) == ["Rank-1", "Rank-5", "mAP", "mINP"] for row in result.values())


def test_perfect_distance(made, permutation):
    distance = (made.query_ids[:, None] != made.gallery_ids).astype(float)
    result = evaluate_sysu(distance, *made[1:], permutation, ranks=RANKS)
    assert all(value == 100 for row in result.values() for value in row.values())


def test_names_the_image_the_gallery_lacks(made, permutation):
    permutation[4, 6][3, 0] = 99
    with pytest.raises(InputError, match="camera 4, identity 6, image 99"):
        evaluate_sysu(*made, permutation, ranks=RANKS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modes": ("outdoor",)}, "'outdoor'"),
        ({"shots": (0,)}, "shots"),
        ({"shots": ()}, r"modes \('all', 'indoor'\), shots \(\)"),
        ({"modes": ()}, r"nothing to evaluate: modes \(\)"),
        ({"trials": 11}, "10 trials, not 11"),
        ({"ranks": (0, 1)}, "all_search_1shot: Rank-0"),
        ({"gallery_numbers": np.zeros(3)}, r"gallery_numbers must have shape \(\d+,\), got \(3,\)"),
    ],
)
def test_refuses(made, permutation, changes, message):
    with pytest.raises(InputError, match=message):
        evaluate_sysu(**{**made._asdict(), "permutation": permutation, "ranks": RANKS, **changes})


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("query_cams", {3: 2, 6: 5}, "query_cams has camera 2, 5: .* 3, 6"),  # counted from 0
        ("gallery_cams", {1: 0, 2: 1, 4: 3, 5: 4}, "gallery_cams has camera 0, 3: .* 1, 2, 4, 5"),
    ],
)
def test_refuses_cameras_of_the_other_modality(made, field, change, message):
    cams = np.array([change[cam] for cam in getattr(made, field).tolist()])
    with pytest.raises(InputError, match=message):
        evaluate_sysu(*made._replace(**{field: cams}), ranks=RANKS)


def test_refuses_an_image_given_twice(made):
    with pytest.raises(InputError, match=f"{made.distance.shape[1]} images are only"):
        evaluate_sysu(*made._replace(gallery_numbers=np.ones_like(made.gallery_numbers)), ranks=RANKS)


@pytest.mark.parametrize(
    ("mode", "shots", "size"), [("all", 1, 301), ("all", 10, 3010), ("indoor", 1, 112), ("indoor", 10, 1120)]
)
def test_gallery_sizes_of_the_real_data_set(mode, shots, size):
    """56, 56, 94 and 95 of the 96 test identities are seen by cameras 1, 2, 4 and 5, at least 13 times each."""
    present = {1: 56, 2: 56, 4: 94, 5: 95}
    rows = np.tile(np.arange(1, 14), (10, 1))
    permutation = {(cam, i): rows for cam, count in present.items() for i in range(1, count + 1)}
    drawn = draw_official(permutation, range(1, 97), mode, shots, trial=9)
    assert len(drawn) == len(set(drawn)) == size
    assert {(cam, number) for cam, _, number in drawn} == {
        (cam, number) for cam in CAMERAS[mode] for number in range(1, shots + 1)
    }
