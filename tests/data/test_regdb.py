import shutil

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import RegDB


@pytest.fixture
def copy(regdb_root, tmp_path):
    shutil.copytree(regdb_root, tmp_path / "data")
    return tmp_path / "data"


def test_the_trial_chooses_the_split(regdb_root):
    first, second = RegDB(str(regdb_root), trial=1), RegDB(str(regdb_root), trial=2)
    assert len(first.train) == 24 * 4 and len(first.query) == len(first.gallery) == 24 * 2
    assert {item[0] for item in first.train} == {item[0] for item in second.query + second.gallery}
    assert {item[2:4] for item in first.query} == {(1, 0)} and {item[2:4] for item in first.gallery} == {(2, 1)}
    assert all("Visible" in item[0] for item in first.query)


@pytest.mark.parametrize("trial", [0, 11])
def test_trials_are_1_to_10(regdb_root, trial):
    with pytest.raises(InputError, match=f"TRIAL is {trial}"):
        RegDB(str(regdb_root), trial=trial)


def test_a_missing_split_file_is_named(regdb_root):
    with pytest.raises(InputError, match="train_visible_3.txt"):
        RegDB(str(regdb_root), trial=3)


@pytest.mark.parametrize(
    "line, words",
    [
        ("Visible/0/1.bmp", "test_visible_1.txt:1 is not"),
        ("Visible/0/9.bmp 0", "9.bmp of .*test_visible_1.txt:1 is missing"),
        ("../../secret.bmp 0", "leads out of"),
        ("", "is empty"),
    ],
)
def test_broken_split_lines_are_named(copy, line, words):
    (copy / "RegDB" / "idx" / "test_visible_1.txt").write_text(line + "\n")
    with pytest.raises(InputError, match=words):
        RegDB(str(copy))


def test_combining_all_keeps_people_apart_whose_labels_agree(regdb_root):
    data = RegDB(str(regdb_root))
    data.combine_all()
    assert len(data.train) == 48 * 4 and len({item[1] for item in data.train}) == 48
