"""Answers tell right images from wrong ones where paths name identities."""

import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.picture_sheet import RIGHT, WRONG
from fastreid_mm.retrieval.answers import Answer, Match, as_text, draw_answers, hits, judged
from fastreid_mm.retrieval.path_labels import PathLabel

IDENTITY = PathLabel()


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("SYSU-MM01/cam3/0121/0001.jpg", "121"),
        ("test_vis/Cam_4/0000/1.png", "0"),
        ("Market/bounding_box_test/0002_c1s1_000451_03.jpg", "2"),
        ("RGBNT201/test/RGB/000011_cam3_0_00.jpg", "11"),
        ("0012_c001_00.jpg", "12"),
        ("/data/2024/1.jpg", ""),
        ("cam3/0001.jpg", ""),
        ("thermal/p01/1.jpg", ""),
    ],
)
def test_identities_of_known_layouts(path, identity):
    assert IDENTITY(path) == identity


def test_an_expression_of_ones_own():
    assert PathLabel(r"/p(\d+)/")("thermal/p01/p1.jpg") == "01"
    for wrong in ("p", "("):
        with pytest.raises(InputError, match="--identity"):
            PathLabel(wrong)


ANSWERS = [
    Answer("cam3/0007/1.jpg", [Match("cam1/0007/2.jpg", 0.9), Match("cam1/0008/2.jpg", 0.5), Match("c.jpg", 0.4)]),
    Answer("cam6/0009/1.jpg", [Match("cam1/0007/2.jpg", 0.9)]),
    Answer("unknown.jpg", [Match("cam1/0007/2.jpg", 0.9)]),
]


def test_right_and_wrong_are_counted_and_told():
    assert [judged(answer, IDENTITY) for answer in ANSWERS] == [[True, False, None], [False], [None]]
    assert hits(ANSWERS, IDENTITY) == "the first image is right for 1 of 2, 1 of all 3 images are right"
    assert hits(ANSWERS[2:], IDENTITY) == ""
    lines = as_text(ANSWERS[:1], IDENTITY).splitlines()
    assert lines == [
        "cam3/0007/1.jpg",
        "    1    0.9000  cam1/0007/2.jpg  right",
        "    2    0.5000  cam1/0008/2.jpg  wrong",
        "    3    0.4000  c.jpg",
    ]


def test_frames_of_a_picture(tmp_path):
    draw_answers(tmp_path / "found.png", ANSWERS[:1], IDENTITY)  # no file is there: tiles say so
    colours = {colour for _, colour in Image.open(tmp_path / "found.png").getcolors(1 << 16)}
    assert {RIGHT, WRONG} <= colours
    draw_answers(tmp_path / "found.png", ANSWERS[2:], IDENTITY)
    colours = {colour for _, colour in Image.open(tmp_path / "found.png").getcolors(1 << 16)}
    assert not {RIGHT, WRONG} & colours
