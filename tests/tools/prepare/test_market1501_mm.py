"""Market1501-MM from a made-up Market-1501."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prepare_market1501_mm
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.data.datasets import Market1501MM
from market1501_mm.dataset import PARTS, make_market1501_mm

NAMES = {
    "bounding_box_train": ("0002_c1s1_000451_03.jpg", "0007_c6s3_077419_03.jpg"),
    "query": ("0001_c1s1_001051_00.jpg",),
    "bounding_box_test": ("-1_c1s1_000401_03.jpg", "0000_c2s1_000151_01.jpg", "0001_c5s1_001051_00.jpg"),
}
COLOUR = (200, 100, 50)


def _save(path: Path, size: tuple[int, int], colour: tuple[int, ...] | int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(path, quality=95)


@pytest.fixture
def market(tmp_path: Path) -> Path:
    for folder, names in NAMES.items():
        for name in names:
            _save(tmp_path / "market" / folder / name, (64, 128), COLOUR)
        (tmp_path / "market" / folder / "Thumbs.db").write_bytes(b"")
    return tmp_path / "market"


@pytest.fixture
def thermal(tmp_path: Path) -> Path:
    for folder, names in NAMES.items():
        for name in names:
            if not name.startswith("-1"):
                _save(tmp_path / "thermal" / folder / name, (256, 256), 90)
    return tmp_path / "thermal"


def _mean(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), dtype=float).mean((0, 1))


def test_rgb_is_dark_ni_is_grey_and_ti_has_the_size_of_the_others(market: Path, thermal: Path, tmp_path: Path) -> None:
    assert make_market1501_mm(market, tmp_path / "Market1501-MM", thermal)
    for part, original in PARTS.items():
        for name in NAMES[original]:
            paths = [tmp_path / "Market1501-MM" / part / modality / name for modality in ("RGB", "NI", "TI")]
            if name.startswith("-1"):
                assert not any(path.exists() for path in paths)
                continue
            assert {Image.open(path).size for path in paths} == {(64, 128)}
            dark, grey, warm = (_mean(path) for path in paths)
            assert np.allclose(dark, 0.4 * np.array(COLOUR), atol=3)
            assert np.allclose(grey, 0.299 * 200 + 0.587 * 100 + 0.114 * 50, atol=2) and np.allclose(warm, 90, atol=1)


def test_it_loads_with_and_without_thermal_images(market: Path, thermal: Path, tmp_path: Path) -> None:
    make_market1501_mm(market, tmp_path / "with" / "Market1501-MM", thermal)
    data = Market1501MM(str(tmp_path / "with"))
    assert (len(data.train), len(data.query), len(data.gallery)) == (2, 1, 2)
    make_market1501_mm(market, tmp_path / "without" / "Market1501-MM")
    assert len(Market1501MM(str(tmp_path / "without"), modalities=("RGB", "NI")).gallery) == 2
    with pytest.raises(InputError, match="TI is missing.*works without it"):
        Market1501MM(str(tmp_path / "without"))


def test_thermal_images_may_lie_in_one_folder(market: Path, tmp_path: Path) -> None:
    for names in NAMES.values():
        for name in names:
            _save(tmp_path / "flat" / name, (16, 16), 30)
    assert make_market1501_mm(market, tmp_path / "set", tmp_path / "flat")
    assert np.allclose(_mean(tmp_path / "set" / "query" / "TI" / NAMES["query"][0]), 30, atol=1)


def test_repeating_is_safe_and_other_images_are_another_set(market: Path, thermal: Path, tmp_path: Path) -> None:
    assert make_market1501_mm(market, tmp_path / "set", thermal)
    assert not make_market1501_mm(market, tmp_path / "set", thermal)
    with pytest.raises(InputError, match="other settings"):
        make_market1501_mm(market, tmp_path / "set")
    _save(thermal / "query" / NAMES["query"][0], (256, 256), 91)
    with pytest.raises(InputError, match="other settings"):
        make_market1501_mm(market, tmp_path / "set", thermal)


def test_suffixes_cameras_and_what_else_lies_there(market: Path, thermal: Path, tmp_path: Path) -> None:
    query = market / "query"
    (query / NAMES["query"][0]).rename(query / "0001_c12s1_001051_00.PNG")
    (query / "notes.txt").write_text("")
    _save(query / "0001_c1.jpg", (64, 128), COLOUR)
    (thermal / "query" / NAMES["query"][0]).rename(thermal / "query" / "0001_c12s1_001051_00.jpg")
    left_out = LeftOut()
    assert make_market1501_mm(market, tmp_path / "Market1501-MM", thermal, left_out)
    (item,) = Market1501MM(str(tmp_path)).query
    assert item[1:3] == (1, 11) and all(Path(source.path).is_file() for source in item.sources)
    assert [Path(line.split(" (")[0]).name for line in left_out.found] == ["notes.txt", "0001_c1.jpg"]
    _save(query / "0001_c12s1_001051_00.jpg", (64, 128), COLOUR)
    with pytest.raises(InputError, match="are the same image"):
        make_market1501_mm(market, tmp_path / "again", thermal)


def test_all_missing_thermal_images_are_named_and_nothing_is_left(market: Path, thermal: Path, tmp_path: Path) -> None:
    gone = [thermal / "query" / NAMES["query"][0], thermal / "bounding_box_train" / NAMES["bounding_box_train"][1]]
    for path in gone:
        path.unlink()
    with pytest.raises(InputError, match="thermal images are missing") as caught:
        make_market1501_mm(market, tmp_path / "set", thermal)
    assert all(str(path) in str(caught.value) for path in gone) and not (tmp_path / "set").exists()


def test_all_unreadable_images_are_named_and_nothing_is_left(market: Path, tmp_path: Path) -> None:
    broken = [market / "query" / NAMES["query"][0], market / "bounding_box_test" / NAMES["bounding_box_test"][2]]
    for path in broken:
        path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="cannot make Market1501-MM") as caught:
        make_market1501_mm(market, tmp_path / "set")
    assert all(str(path) in str(caught.value) for path in broken) and "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["market"]


def test_what_is_not_market1501_is_refused(market: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder .*bounding_box_train"):
        make_market1501_mm(tmp_path, tmp_path / "set")
    (market / "query" / NAMES["query"][0]).unlink()
    with pytest.raises(InputError, match="query has no images named like"):
        make_market1501_mm(market, tmp_path / "set")


def test_tool(market: Path, thermal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare_market1501_mm.main([str(market), str(tmp_path / "a")])
    output = capsys.readouterr().out
    assert "made:" in output and "TI is not made" in output and "('RGB', 'NI')" in output and "train/RGB 2" in output
    prepare_market1501_mm.main([str(market), str(tmp_path / "b"), "--thermal", str(thermal)])
    assert "TI is not made" not in (output := capsys.readouterr().out) and "train/TI 2" in output
    with pytest.raises(SystemExit, match="2"):
        prepare_market1501_mm.main([str(tmp_path), str(tmp_path)])
    assert capsys.readouterr().err.startswith("error: no folder")
