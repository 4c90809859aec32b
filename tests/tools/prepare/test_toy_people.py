"""Toy people differ where both modalities can see it, and share what only one can see."""

from dataclasses import astuple, replace
from itertools import combinations

import numpy as np
import pytest

from toy_people.camera import Studio
from toy_people.canvas import Canvas, Pose
from toy_people.datasets import SYSU_CAMERAS
from toy_people.figure import draw_figure, sample_pose
from toy_people.identity import CHOICES, MIN_DIFFERENCE, Part, Pattern, sample_people

POSE = Pose(
    105.0, (32.0, 123.0), 0.95, 0.0, mirrored=False, from_behind=False, stride=0.08, arms=(-0.2, -0.1, 0.2, 0.1)
)
VISIBLE, INFRARED = SYSU_CAMERAS[1], SYSU_CAMERAS[3]


def _pixels(person, camera, key=(1, 2, 3)) -> np.ndarray:
    return np.asarray(Studio(0).photograph(person, camera, key))


def test_people_differ_in_shape() -> None:
    """As many as SYSU-MM01 has: no two are alike in what both modalities show."""
    shapes = [astuple(person.shape) for person in sample_people(491, 0)]
    levels = np.array([[repr(value) for value in shape] for shape in shapes])
    different = (levels[:, None] != levels).sum(2)
    assert different[~np.eye(491, dtype=bool)].min() >= MIN_DIFFERENCE


def test_people_look_different_in_the_same_pose() -> None:
    """Stature left out, a tenth of the figure is another part at least."""
    drawn = [np.asarray(draw_figure(person.shape, POSE)[0])[1::3, 1::3] for person in sample_people(70, 0)]
    for one, two in combinations(drawn, 2):
        assert np.mean((one != two)[(one > 0) | (two > 0)]) > 0.1


def test_colour_alone_does_not_tell_people_apart() -> None:
    people = sample_people(90, 0)
    clothes = {(person.colours[Part.UPPER], person.colours[Part.LOWER]) for person in people}
    assert len(clothes) < len(people)


def test_first_people_do_not_depend_on_how_many() -> None:
    assert sample_people(3, 5) == sample_people(9, 5)[:3]
    assert sample_people(3, 5) != sample_people(3, 6)


def test_infrared_does_not_see_colour_and_visible_light_does_not_see_warmth() -> None:
    person, other = sample_people(2, 0)
    recoloured, rewarmed = replace(person, colours=other.colours), replace(person, warmth=other.warmth)
    assert np.array_equal(_pixels(person, INFRARED), _pixels(recoloured, INFRARED))
    assert not np.array_equal(_pixels(person, VISIBLE), _pixels(recoloured, VISIBLE))
    assert np.array_equal(_pixels(person, VISIBLE), _pixels(rewarmed, VISIBLE))
    assert not np.array_equal(_pixels(person, INFRARED), _pixels(rewarmed, INFRARED))


def test_warmth_does_not_follow_colour() -> None:
    people = sample_people(300, 0)
    visible = [sum(person.colours[Part.UPPER]) for person in people]
    warmth = [person.warmth[Part.UPPER] for person in people]
    assert abs(np.corrcoef(visible, warmth)[0, 1]) < 0.15


@pytest.mark.parametrize("camera", [VISIBLE, INFRARED])
def test_patterns_show_in_both_modalities(camera) -> None:
    person = sample_people(1, 0)[0]
    plain, striped = (
        replace(person, shape=replace(person.shape, bag="none", hem="hip", upper_pattern=Pattern(kind, 0.1)))
        for kind in ("plain", "horizontal")
    )
    chest = np.s_[35:65, 28:36]
    assert abs(_pixels(plain, camera)[chest].astype(float) - _pixels(striped, camera)[chest]).max() > 25


def test_skin_is_the_warmest_part() -> None:
    for person in sample_people(30, 1):
        assert person.warmth[Part.SKIN] > max(person.warmth[Part.HAIR :])


# Stature is part of the pose, tested below.
@pytest.mark.parametrize(
    "field, value", [(field, value) for field, values in CHOICES.items() if field != "stature" for value in values]
)
def test_every_choice_changes_the_figure(field: str, value) -> None:
    shape = replace(sample_people(1, 0)[0].shape, head="short", bag="none", lower="trousers", sleeves="long")
    drawn = np.asarray(draw_figure(replace(shape, **{field: value}), POSE)[0])
    other = next(choice for choice in CHOICES[field] if choice != value)
    assert np.any(drawn != np.asarray(draw_figure(replace(shape, **{field: other}), POSE)[0]))
    assert set(np.unique(drawn)) <= set(Part)


def test_tall_people_are_taller_in_the_same_pose() -> None:
    shape = sample_people(1, 0)[0].shape
    units = [sample_pose(replace(shape, stature=level), np.random.default_rng(0)).unit for level in (0, 1, 2)]
    assert units == sorted(units) and units[2] > 1.1 * units[0]


@pytest.mark.parametrize("kind", sorted({pattern.kind for pattern in CHOICES["upper_pattern"]} - {"plain"}))
def test_a_pattern_leaves_ground_and_motif(kind: str) -> None:
    canvas = Canvas(POSE)
    canvas.polygon([(-0.1, 0.5), (0.1, 0.5), (0.1, 0.8), (-0.1, 0.8)], Part.UPPER)
    canvas.weave(Part.UPPER, Part.UPPER_MOTIF, Pattern(kind, 0.08), (0.0, 0.8))
    labels = np.asarray(canvas.parts)
    share = np.mean(labels[labels > 0] == Part.UPPER_MOTIF)
    assert 0.08 < share < 0.7


def test_mirrored_pose_mirrors_the_figure() -> None:
    shape = replace(sample_people(1, 0)[0].shape, bag="satchel")
    drawn, mirrored = (np.asarray(draw_figure(shape, replace(POSE, mirrored=m))[0]) for m in (False, True))
    assert np.mean(drawn[:, 1:] != mirrored[:, :0:-1]) < 0.03 < np.mean(drawn != mirrored)


def test_images_of_a_person_differ_and_have_the_benchmark_size() -> None:
    person = sample_people(1, 0)[0]
    first, second = (Studio(0).photograph(person, VISIBLE, (1, 1, n)) for n in range(2))
    assert first.size == (64, 128) and first.mode == "RGB"
    assert first.tobytes() != second.tobytes()
    assert Studio(0).photograph(person, INFRARED, (1, 3, 0)).mode == "L"
