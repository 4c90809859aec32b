"""Tables written from folders, and what is said of them."""

import csv

import pytest

from fastreid_mm.commands.make_table import main
from tests.conftest import write_image

SETS = [
    f"{split}/{kind}/{person}_c{camera}_a.jpg"
    for split, people in (("train", (1, 2)), ("test", (3,)))
    for person in people
    for camera, kind in ((1, "vis"), (2, "nir"))
]


@pytest.fixture
def folder(tmp_path):
    for path in (*SETS, "train/vis/4_c1_a.jpg", "other/9_c1_a.jpg"):
        write_image(tmp_path / "set" / path, 1)
    (tmp_path / "set" / "notes.txt").touch()
    return tmp_path


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def refused(capsys, *arguments) -> str:
    with pytest.raises(SystemExit, match="2"):
        main([*map(str, arguments)])
    return capsys.readouterr().err


def test_a_table_by_names_and_what_is_said_of_it(folder, capsys):
    main([str(folder / "set"), "--output", str(folder / "t.csv")])
    out = capsys.readouterr().out
    table = rows(folder / "t.csv")
    assert table[0] == {
        "path": "set/test/nir/3_c2_a.jpg",
        "identity": "3",
        "camera": "2",
        "modality": "infrared",
        "split": "test",
    }
    for line in (
        "t.csv: 7 images; the first was taken for\n  path set/test/nir/3_c2_a.jpg, identity 3, camera 2,",
        "  train: 5 images, 3 identities, 2 cameras, 2 infrared, 3 visible\n",
        "training identities that lack a modality: 1: 4 (infrared); not trained on\n",
        "other/9_c1_a.jpg (no split in its path)\n",
        f"DATASETS.NAMES \"('Table',)\" DATASETS.TESTS \"('Table',)\" DATASETS.TABLE.FILE {folder}/t.csv\n",
    ):
        assert line in out
    assert "exists already" in refused(capsys, folder / "set", "--output", folder / "t.csv")


def test_a_table_of_aligned_samples_by_a_pattern_with_a_column_more(folder, capsys):
    pattern = r"(?P<split>train|test)/(?P<modality>\w+)/(?P<sample>(?P<identity>\d+))_c\d_(?P<weather>\w)"
    main([str(folder / "set"), "--output", str(folder / "t.csv"), "--aligned", "--pattern", pattern])
    table, out = rows(folder / "t.csv"), capsys.readouterr().out
    assert [*table[0]] == ["path", "identity", "modality", "split", "sample", "weather"]
    assert table[0]["modality"] == "nir" and table[0]["weather"] == "a"
    assert "DATASETS.TABLE.RULE none DATASETS.ALIGNED.MODALITIES \"('nir', 'vis')\"" in out
    assert "samples that lack a modality: 1: 4 (nir); not trained on" in out
    assert "other/9_c1_a.jpg (the pattern is not in its path)" in out


def test_a_split_is_drawn_by_identities(folder, capsys):
    for name in ("a.csv", "b.csv"):
        main([str(folder / "set"), "--output", str(folder / name), "--test", "0.4", "--seed", "3"])
    table = rows(folder / "a.csv")
    splits = {person: {row["split"] for row in table if row["identity"] == person} for person in "12349"}
    assert sorted(map(sorted, splits.values())) == [["test"]] * 2 + [["train"]] * 3
    assert (folder / "a.csv").read_text() == (folder / "b.csv").read_text()


def test_wrong_arguments_are_told_in_a_line(folder, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    begin = folder / "set", "--output", folder / "t.csv"
    assert "no images in folder" in refused(capsys, tmp_path / "empty", *begin[1:])
    assert "needs a group (?P<identity>...)" in refused(capsys, *begin, "--pattern", "x")
    assert "is no regular expression" in refused(capsys, *begin, "--pattern", "(")
    assert "leaves none to train or to test on" in refused(capsys, *begin, "--test", "1")
    message = refused(capsys, *begin, "--pattern", r"(?P<identity>\d+)_c")
    assert "has an identity and a split; left out 9" in message and "--test 0.5 draws half" in message
