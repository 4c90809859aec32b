"""The command for whole folders: batches, options, and files that cannot be used."""

import os

import cv2
import numpy as np
import pytest

from fastreid_mm.commands import saliency
from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.binary_map import binary_map
from fastreid_mm.saliency.predict_jobs import Names, find_jobs
from fastreid_mm.saliency.side_by_side import GAP, LABEL


@pytest.fixture
def data(folder, tmp_path):
    """Three pairs, of which the second image is cut short, and one more size."""
    random = np.random.default_rng(1)
    for kind in ("RGB", "depth"):
        (tmp_path / kind).mkdir()
        content = (folder / kind / "a.png").read_bytes()
        (tmp_path / kind / "1.png").write_bytes(content)
        (tmp_path / kind / "2.png").write_bytes(content[:700] if kind == "RGB" else content)
        cv2.imwrite(
            str(tmp_path / kind / "3.png"),
            random.integers(0, 256, (30, 20, 3) if kind == "RGB" else (30, 20), np.uint8),
        )
    return tmp_path


@pytest.fixture
def predict(folder, data):
    def run(*options):
        arguments = ["--config", folder / "config.py", "--checkpoint", folder / "weights.pth", *options]
        paths = (data / "RGB", "-" if "--missing" in options else data / "depth", data / "maps")
        saliency.predict([str(one) for one in (*paths, *arguments)])
        return {path.stem: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (data / "maps").glob("*.png")}

    return run


def test_a_file_that_cannot_be_used_is_skipped_and_listed(predict, capsys):
    maps = predict("--batch-size", "1")
    assert sorted(maps) == ["1", "3"]
    assert "skipped 1 of 3: " in (printed := capsys.readouterr()).err and "RGB/2.png is not an image" in printed.err
    assert printed.out.startswith("2 saliency maps in ") and "deprecated" not in printed.err
    batched = predict("--batch-size", "3")
    assert all(np.abs(batched[name].astype(int) - maps[name]).max() <= 1 for name in maps)
    fast = predict("--fast")
    assert all(np.abs(fast[name].astype(int) - maps[name]).max() <= 1 for name in maps)
    assert maps["3"].shape == (30, 20)


def test_strict_stops(predict, capsys):
    with pytest.raises(SystemExit, match="2"):
        predict("--strict")
    assert "error: " in (error := capsys.readouterr().err) and "RGB/2.png is not an image" in error


def test_nothing_to_predict_is_an_error(predict, data, capsys):
    for name in ("1", "3"):
        (data / "depth" / f"{name}.png").write_text("no image")
    with pytest.raises(SystemExit, match="2"):
        predict()
    error = capsys.readouterr().err
    assert all(f"/{name}.png is not an image" in error for name in "123")
    assert not (data / "maps").exists()


def test_options_reach_the_network(predict):
    plain = predict()
    for options in (["--tta"], ["--cfg-options", "model.decode_head.detail=none"]):
        assert not np.array_equal(predict(*options)["1"], plain["1"])
    rounded = predict("--amp")["1"].astype(int)
    assert 0 < np.abs(rounded - plain["1"]).max() < 10


@pytest.mark.parametrize("name", ["map.foo", "map"])
def test_a_map_has_the_name_of_an_image(data, folder, capsys, name):
    pair = [data / "RGB/1.png", data / "depth/1.png", data / name]
    options = [
        "--config",
        folder / "config.py",
        "--checkpoint",
        data / "unread.pth",
    ]  # never read
    (data / "unread.pth").touch()
    with pytest.raises(SystemExit, match="2"):
        saliency.predict([str(one) for one in (*pair, *options)])
    assert f"cannot write {data / name}: is it the name of an image?" in capsys.readouterr().err


def test_a_batch_has_at_least_one(predict, capsys):
    with pytest.raises(SystemExit, match="2"):
        predict("--batch-size", "0")
    assert "--batch-size must be at least 1, got 0" in capsys.readouterr().err


def test_a_pair_of_too_many_pixels_is_skipped_and_listed(predict, capsys):
    assert sorted(predict("--max-pixels", "600")) == ["3"]
    assert "RGB/1.png has " in (error := capsys.readouterr().err) and "more than max_pixels 600 allows" in error


def test_what_is_left_out_is_told_and_nothing_that_is_read_is_written_over(predict, data, folder, capsys):
    (data / "RGB/2.png").write_bytes((folder / "RGB/a.png").read_bytes())
    (data / "RGB/list.txt").write_text("1")
    assert sorted(predict()) == ["1", "2", "3"]
    assert f"left out 1, the first: {data}/RGB/list.txt (no image by its suffix)" in capsys.readouterr().err
    (data / "unread.pth").touch()
    for paths, message in (
        ((data / "RGB", data / "depth", data / "RGB"), "RGB is what is read, and would be written over"),
        ((data / "RGB", data / "nowhere", data / "maps"), "nowhere does not exist"),
        ((data / "RGB", data / "depth/1.png", data / "maps"), "must be two files or two folders"),
    ):
        with pytest.raises(SystemExit, match="2"):
            options = ["--config", folder / "config.py", "--checkpoint", data / "unread.pth"]
            saliency.predict([str(word) for word in (*paths, *options)])
        assert message in capsys.readouterr().err


def test_names_that_are_no_utf_8_are_read_and_written(data, folder):
    """OpenCV's functions that take a path end the process on them."""
    name = os.fsdecode("行人".encode("gbk"))
    for kind in ("RGB", "depth"):
        (data / kind / "1.png").rename(data / kind / f"{name}.png")
    paths = [data / "RGB", data / "depth", data / "maps"]
    options = ["--config", folder / "config.py", "--checkpoint", folder / "weights.pth", "--side-by-side"]
    saliency.predict([str(one) for one in (*paths, *options)])
    assert (data / "maps" / f"{name}.png").is_file() and (data / "maps/side_by_side" / f"{name}.png").is_file()


def test_without_depth_a_value_takes_its_place(predict, data, capsys):
    filled = predict("--missing", "0.25", "--batch-size", "3")
    assert "no depth: 0.25 of its range takes its place in every pixel" in capsys.readouterr().err
    assert sorted(filled) == ["1", "3"] and filled["1"].shape == (40, 50)
    assert not np.array_equal(filled["1"], predict("--missing", "1")["1"])


def test_ends_of_names_and_frames_in_the_order_of_their_numbers(predict, data, folder):
    for kind, end in (("RGB", "_rgb"), ("depth", "_depth")):
        content = (folder / kind / "a.png").read_bytes()
        for path in list((data / kind).iterdir()):
            path.unlink()
        for clip in ("clip10", "clip9"):
            (data / kind / clip).mkdir()
            for frame in ("frame10", "frame9"):
                (data / kind / clip / f"{frame}{end}.png").write_bytes(content)
    predict("--image-suffix", "_rgb", "--second-suffix", "_depth")
    names = ["clip9/frame9", "clip9/frame10", "clip10/frame9", "clip10/frame10"]
    assert sorted(path.relative_to(data / "maps").as_posix() for path in (data / "maps").rglob("*.png")) == sorted(
        f"{name}.png" for name in names
    )
    jobs = find_jobs(data / "RGB", data / "depth", data / "maps", Names("_rgb", "_depth"))
    assert [job.out.relative_to(data / "maps").with_suffix("").as_posix() for job in jobs] == names
    (data / "depth/clip9").rename(data / "depth/other")
    with pytest.raises(InputError, match="RGB/clip9 has no counterpart: .*depth/clip9 is not a folder"):
        find_jobs(data / "RGB", data / "depth", data / "maps", Names("_rgb", "_depth"))


def test_binary_maps_cut_outs_and_webp(predict, data):
    predict("--binary", "otsu", "--cut-out", "--map-suffix", ".webp", "--side-by-side")
    read = {
        kind: cv2.imread(str(data / "maps" / kind / "3.png"), cv2.IMREAD_UNCHANGED)
        for kind in ("binary", "cut_out", "side_by_side")
    }
    soft = cv2.imread(str(data / "maps/3.webp"), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(read["binary"], binary_map(soft, "otsu"))
    image = cv2.imread(str(data / "RGB/3.png"))
    assert np.array_equal(read["cut_out"], np.dstack([image, read["binary"]]))
    assert np.array_equal(read["side_by_side"][LABEL:, 2 * (20 + GAP) :, 0], soft)


def test_another_size_is_skipped_unless_it_is_resized(predict, data, capsys):
    cv2.imwrite(str(data / "depth/3.png"), np.arange(15 * 10, dtype=np.uint8).reshape(15, 10))
    assert sorted(predict("--side-by-side")) == ["1"]
    assert "depth/3.png is 10 x 15, its image" in capsys.readouterr().err
    assert sorted(predict("--resize", "--side-by-side")) == ["1", "3"]
    assert cv2.imread(str(data / "maps/side_by_side/3.png")).shape == (LABEL + 30, 3 * 20 + 2 * GAP, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--binary", "1.5"], "1.5 is neither otsu nor a probability from 0 to 1"),
        (["--missing", "2"], "missing must be from 0 to 1, got 2.0"),
        (["--thermal-range", "5", "5"], "thermal_range (5.0, 5.0) is not the value that becomes black"),
    ],
)
def test_wrong_options_are_named(predict, capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        predict(*options)
    assert message in capsys.readouterr().err
