"""Labels of images by the paths of known layouts."""

import re

import pytest

from fastreid_mm.common.image_labels import labels_by_names, labels_by_pattern


@pytest.mark.parametrize(
    "path, expected",
    [
        ("train_171/RGB/000001_cam1_0_00.jpg", ("000001", "1", "RGB", "train", "train_171/000001_cam1_0_00")),
        (
            "bounding_box_train/0002_c1s1_000451_03.jpg",
            ("0002", "1", None, "train", "bounding_box_train/0002_c1s1_000451_03"),
        ),
        ("gallery/ann/cam-a/x_ir.png", ("ann", "a", "ir", "gallery", "gallery/ann/cam-a/x_")),
        ("query/-1_c2_01.jpg", ("-1", "2", None, "query", "query/-1_c2_01")),
        ("0001.jpg", (None, None, None, None, "0001")),
    ],
)
def test_names_of_known_layouts(path, expected):
    other = ["train/bob/1.jpg"] if "ann" in path else []  # a folder is a person if there are two
    found = labels_by_names([path, *other])[path]
    assert tuple(map(found.get, ("identity", "camera", "modality", "split", "sample"))) == expected


def test_a_folder_of_all_images_is_nobodys():
    found = labels_by_names(["set/0001_a.jpg", "set/0002_b.jpg"])
    assert [labels["identity"] for labels in found.values()] == ["0001", "0002"]


def test_beside_a_query_test_means_gallery():
    paths = ["bounding_box_train/1_c1.jpg", "query/2_c1.jpg", "bounding_box_test/2_c2.jpg"]
    assert [labels["split"] for labels in labels_by_names(paths).values()] == ["train", "query", "gallery"]
    assert [labels["split"] for labels in labels_by_names(["train/1_a.jpg", "test/2_b.jpg"]).values()] == [
        "train",
        "test",
    ]


def test_groups_of_a_pattern_become_columns():
    found = labels_by_pattern(
        ["a/7_rain.jpg", "b.jpg"], re.compile(r"(?P<identity>\d+)_(?P<weather>\w+)(?P<camera>!)?")
    )
    assert found == {"a/7_rain.jpg": {"identity": "7", "weather": "rain", "camera": ""}}
