"""Toy people in LLCM's and MSVR310's layouts: what is written is what the data sets read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import make_toy_data
from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import LLCM, MSVR310
from tests.tools.prepare.test_toy_people_datasets import _tree
from toy_people.llcm import SEEN_BY, make_toy_llcm
from toy_people.msvr310 import make_toy_msvr310


def test_llcm_set(tmp_path: Path) -> None:
    assert make_toy_llcm(tmp_path / "LLCM", 3, 1, seed=1) and not make_toy_llcm(tmp_path / "LLCM", 3, 1, seed=1)
    data = LLCM(str(tmp_path))
    assert {item[1] for item in data.train} == {0, 1} and {item[1] for item in data.gallery} == {3}
    assert len(data.gallery) == SEEN_BY
    seen = {item[1:3] for item in data.gallery}
    assert {item[1:3] for item in data.query} == {key for key in seen if key[1] != 3}
    assert Image.open(data.query[0][0]).mode == "L" and Image.open(data.gallery[0][0]).mode == "RGB"
    make_toy_llcm(tmp_path / "again", 3, 1, seed=1)
    make_toy_llcm(tmp_path / "other", 3, 1, seed=2)
    assert _tree(tmp_path / "LLCM") == _tree(tmp_path / "again") != _tree(tmp_path / "other")


def test_msvr310_set(tmp_path: Path) -> None:
    assert make_toy_msvr310(tmp_path / "MSVR310", 6, seed=1)
    data = MSVR310(str(tmp_path))
    assert {item[1] for item in data.train} == {1, 2, 3}
    assert {(item.pid, item.scene) for item in data.gallery} == {(4, 1), (4, 2), (5, 1), (5, 2), (5, 3), (6, 1)}
    assert {item.camid for item in data.gallery} == {0, 1, 2}
    assert {item[1] for item in data.query} == {4, 5}  # not the one of a single scene
    assert [Path(item[0]).name for item in data.query] == [
        Path(item[0]).name for item in data.gallery[: len(data.query)]
    ]
    assert _tree(tmp_path / "MSVR310" / "query3").items() <= _tree(tmp_path / "MSVR310" / "bounding_box_test").items()


def test_the_modalities_of_a_sample_show_the_same_moment(tmp_path: Path) -> None:
    make_toy_msvr310(tmp_path, 4, seed=0)
    folder = tmp_path / "bounding_box_train" / "0001"

    def image(modality: str, name: str) -> np.ndarray:
        return np.asarray(Image.open(folder / modality / name).convert("L"), float)

    day, near, warm = (image(modality, "0001_s001_v0_001.jpg") for modality in ("vis", "ni", "th"))
    night, near_at_night = (image(modality, "0001_s002_v0_004.jpg") for modality in ("vis", "ni"))
    assert np.abs(day - near).mean() < 3 and np.abs(night - 0.4 * near_at_night).mean() < 3
    edges, outline = np.abs(np.diff(near, axis=1)), np.diff(warm > 110, axis=1)  # people glow, the place is cool
    assert 0.01 < outline.mean() < 0.2 and edges[outline].mean() > 2 * edges[~outline].mean()


@pytest.mark.parametrize("make, least", [(make_toy_llcm, 3), (make_toy_msvr310, 4)])
def test_too_few_people_are_refused(tmp_path: Path, make, least: int) -> None:
    with pytest.raises(InputError, match=f"at least {least} identities, got {least - 1}"):
        make(tmp_path / "set", least - 1)
    assert not (tmp_path / "set").exists()


def test_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for layout in ("LLCM", "MSVR310"):
        make_toy_data.main(
            ["--layout", layout, "--root", str(tmp_path), "--identities", "4", "--images-per-camera", "1"]
        )
    output = capsys.readouterr().out
    assert "LLCM: 4 identities (train 3, test 1), " in output and "test_vis 4, test_nir " in output
    assert "MSVR310: 4 identities, samples: bounding_box_train 15, query3 6, bounding_box_test 9" in output
