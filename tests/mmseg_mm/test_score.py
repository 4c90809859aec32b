"""Maps in folders have the scores of the metric that is used in training."""

import json
import re

import cv2
import numpy as np
import pytest

from fastreid_mm.commands import saliency
from fastreid_mm.saliency.saliency_scores import score_map
from tests.mmseg_mm.evaluation.test_sod_metric import SIZE, make_samples, run
from tests.mmseg_mm.rgbd_files import write


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two sets of masks and maps that the metric has written, and its own results."""
    root = tmp_path_factory.mktemp("scored")
    samples = [*make_samples(root / "masks", 4), *make_samples(root / "masks", 3, "LFSD", 1)]
    return root, run(samples, output_dir=str(root / "maps"), save_dir=str(root / "out"))


def score(*arguments):
    saliency.score([str(one) for one in arguments])


def test_one_row_for_each_set_equal_to_the_metrics(results, tmp_path, capsys):
    root, expected = results
    score(root / "maps", root / "masks", "--json", tmp_path / "rows.json", "--curves", tmp_path / "curves")
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [(name, row.pop("images"), row.pop("missing")) for name, row in rows.items()] == [
        ("LFSD", 3, []),
        ("SIP", 4, []),
    ]
    found = {f"sod/{name}/{metric}": value for name, row in rows.items() for metric, value in row.items()}
    assert found == {key: value for key, value in expected.items() if not key.startswith("sod/mean")}
    assert f"{rows['SIP']['Sm']:.4f}" in capsys.readouterr().out
    curves, saved = (json.loads((path / "sod_curves.json").read_text()) for path in (tmp_path / "curves", root / "out"))
    assert curves == saved and set(curves) == {"SIP", "LFSD"}
    assert set(curves["SIP"]) == {"precision", "recall", "fm", "em"}
    assert cv2.imread(str(tmp_path / "curves/sod_curves.png")).shape[2] == 3


def test_sixteen_bits_and_another_size_are_brought_to_the_masks(results, tmp_path):
    root, expected = results
    for path in (root / "maps/SIP").iterdir():
        grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        write(tmp_path / "deep" / path.name, grey.astype(np.uint16) * 257)
        write(
            tmp_path / "large" / path.name,
            cv2.resize(grey, (2 * SIZE[1], 2 * SIZE[0]), interpolation=cv2.INTER_NEAREST),
        )
    for kind in ("deep", "large"):
        score(tmp_path / kind, root / "masks/SIP", "--json", tmp_path / "rows.json")
        row = json.loads((tmp_path / "rows.json").read_text())[kind]
        assert row["Sm"] == pytest.approx(expected["sod/SIP/Sm"], abs=1e-12)


def test_rounding_before_resizing_has_the_digits_of_tools_that_read_files(results, tmp_path):
    root, _ = results
    rng, expected = np.random.default_rng(0), []
    for path in (root / "maps/SIP").iterdir():
        small = rng.integers(0, 256, (13, 17)).astype(np.uint8)
        write(tmp_path / "small" / path.name, small)
        mask = cv2.imread(str(root / "masks/SIP" / path.name), cv2.IMREAD_GRAYSCALE)
        expected.append(score_map(cv2.resize(small, mask.shape[::-1]), mask).numbers["MAE"])
    rows = {}
    for options in ((), ("--round-first",)):
        score(tmp_path / "small", root / "masks/SIP", "--json", tmp_path / "rows.json", *options)
        rows[options] = json.loads((tmp_path / "rows.json").read_text())["small"]["MAE"]
    assert rows["--round-first",] == pytest.approx(np.mean(expected), abs=1e-12)
    assert 0 < abs(rows[()] - rows["--round-first",]) < 0.01


def test_missing_maps_are_listed_and_left_out_only_where_told(results, tmp_path, capsys):
    root, _ = results
    for name in ("0", "1", "extra"):
        write(tmp_path / "maps" / f"{name}.png", np.full(SIZE, 7, np.uint8))
    with pytest.raises(SystemExit, match="2"):
        score(tmp_path / "maps", root / "masks/LFSD")
    assert "1 masks without a map (--partial leaves them out): " in (error := capsys.readouterr().err)
    assert error.endswith("LFSD/2.png\n")
    score(tmp_path / "maps", root / "masks/LFSD", "--partial", "--json", tmp_path / "rows.json")
    assert "left out 1 maps without a mask: " in (error := capsys.readouterr().err) and "extra.png" in error
    row = json.loads((tmp_path / "rows.json").read_text())["maps"]
    assert row["images"] == 2 and row["missing"] == [str(root / "masks/LFSD/2.png")]


def test_there_is_no_negative_number_of_processes(results, capsys):
    root, _ = results
    with pytest.raises(SystemExit, match="2"):
        score(root / "maps", root / "masks", "--num-workers", "-1")
    assert "num_workers must not be negative, got -1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ("nowhere", "maps .*nowhere is not a folder"),
        ("colour", "a picture in colour"),
        (".", "masks has no folder of the name of a folder in .*: .*colour"),
    ],
)
def test_what_cannot_be_scored_is_named(tmp_path, capsys, maps, message):
    write(tmp_path / "colour/a.png", np.full((4, 4, 3), (0, 128, 255), np.uint8))
    write(tmp_path / "masks/a.png", np.eye(4, dtype=np.uint8))
    with pytest.raises(SystemExit, match="2"):
        score(tmp_path / maps, tmp_path / "masks")
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and re.search(message, error)


def soft_map(mask):
    """A map of low contrast, which PySODMetrics stretches to its own range."""
    noise = np.random.default_rng(0).uniform(0, 40, mask.shape)
    return np.clip(cv2.GaussianBlur(mask * np.float32(200), (0, 0), 4) + noise, 0, 255).astype(np.uint8)


def mae(folder):
    score(folder / "maps", folder / "masks", "--json", folder / "rows.json")
    return json.loads((folder / "rows.json").read_text())["maps"]["MAE"]


def test_sixteen_bits_that_hold_eight_are_scored_as_eight(tmp_path):
    mask = np.pad(np.ones((30, 40), np.uint8), 30)
    saliency = soft_map(mask)
    write(tmp_path / "masks/0.png", mask * 255)
    write(tmp_path / "maps/0.png", saliency.astype(np.uint16))
    stretched = (saliency - saliency.min()) / np.ptp(saliency).astype(float)
    assert mae(tmp_path) == pytest.approx(np.abs(stretched - mask).mean(), abs=1e-3)


def test_masks_of_other_values_are_scored_as_they_are_meant_and_told(tmp_path, capsys):
    mask = np.pad(np.ones((30, 40), np.uint8), 30)
    write(tmp_path / "maps/0.png", soft_map(mask))
    write(tmp_path / "masks/0.png", mask * 255)
    right = mae(tmp_path)
    assert not capsys.readouterr().err.count("odd")
    write(tmp_path / "masks/0.png", mask * 128)
    assert mae(tmp_path) == right
    assert f"maps: 1 masks or maps are odd: mask {tmp_path}/masks/0.png holds 0 and 128" in capsys.readouterr().err
    write(tmp_path / "masks/0.png", 255 - mask * 255)
    mae(tmp_path)
    error = capsys.readouterr().err
    assert "is it inverted?" in error and "maps: its masks fill 86.7% of their pixels in the mean" in error


def test_files_of_too_many_pixels_are_refused(results, capsys):
    root, _ = results
    with pytest.raises(SystemExit, match="2"):
        score(root / "maps", root / "masks", "--max-pixels", 100)
    assert "pixels, more than max_pixels 100 allows" in capsys.readouterr().err


def black(root, *names):
    for name in names:
        write(root / name, np.eye(4, dtype=np.uint8) * 255)


def refused(capsys, *arguments):
    with pytest.raises(SystemExit, match="2"):
        score(*arguments)
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_set_of_one_side_is_refused_or_counted_and_case_does_not_matter(tmp_path, capsys):
    black(tmp_path, "maps/sip/1.png", "maps/DUT_RGBD/1.png", "masks/SIP/GT/1.png", "masks/DUT-RGBD/GT/1.png")
    black(tmp_path, "maps/stray.png")
    error = refused(capsys, tmp_path / "maps", tmp_path / "masks")
    assert error == f"error: 1 sets of masks without maps (--partial leaves them out): {tmp_path}/masks/DUT-RGBD"
    score(tmp_path / "maps", tmp_path / "masks", "--partial", "--json", tmp_path / "rows.json")
    assert set(json.loads((tmp_path / "rows.json").read_text())) == {"sip"}
    out, error = capsys.readouterr()
    assert f"left out 1 sets of maps without masks: {tmp_path}/maps/DUT_RGBD" in error
    assert out.splitlines()[-1] == (
        "1 maps scored; left out: 1 sets of masks without maps, 1 sets of maps without masks, 1 other files; "
        f"saved in {tmp_path}/rows.json"
    )


@pytest.mark.parametrize("options", [[], ["--suffix", "_MutualFormer-pred"]])
def test_maps_that_a_method_has_named_are_found(tmp_path, capsys, options):
    black(tmp_path, *(f"masks/{name}.png" for name in ("1", "11", "1_1")))
    black(tmp_path, *(f"maps/{name}_MutualFormer-pred.jpg" for name in ("1", "11", "1_1")))
    score(tmp_path / "maps", tmp_path / "masks", "--json", tmp_path / "rows.json", *options)
    assert json.loads((tmp_path / "rows.json").read_text())["maps"]["images"] == 3
    out, error = capsys.readouterr()
    assert "maps: the map of a mask A is called A_MutualFormer-pred" in error
    assert out.splitlines()[-1] == f"3 maps scored; left out: nothing; saved in {tmp_path}/rows.json"


def test_names_without_a_rule_are_refused_with_the_hint(tmp_path, capsys):
    black(tmp_path, "masks/1.png", "masks/2.png", "maps/1_a.png", "maps/2_b.png")
    hint = "--suffix _sal says that the map of a mask A is called A_sal"
    assert hint in refused(capsys, tmp_path / "maps", tmp_path / "masks")
    assert hint in refused(capsys, tmp_path / "maps", tmp_path / "masks", "--partial", "--suffix", "_c")
    score(tmp_path / "maps", tmp_path / "masks", "--partial", "--suffix", "_a")
    assert "left out 1 masks without a map: " in (error := capsys.readouterr().err) and "masks/2.png" in error
    assert "left out 1 maps without a mask: " in error and "maps/2_b.png" in error


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--json", "taken", "--json .*taken is a folder"),
        ("--json", "file/a/b.json", "--json: folder .*file/a cannot be made"),
        ("--curves", "file", "--curves: folder .*file cannot be made"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_refused_first(results, tmp_path, capsys, option, name, message):
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="2"):
        score(results[0] / "maps", results[0] / "masks", option, tmp_path / name)
    captured = capsys.readouterr()
    assert re.match(f"error: {message}", captured.err) and "map/s" not in captured.err


def test_masks_whose_names_end_otherwise(results, tmp_path, capsys):
    root, _ = results
    for path in (
        (root / "masks/SIP/GT").iterdir() if (root / "masks/SIP/GT").is_dir() else (root / "masks/SIP").iterdir()
    ):
        (tmp_path / "masks").mkdir(exist_ok=True)
        (tmp_path / "masks" / f"{path.stem}-gt{path.suffix}").write_bytes(path.read_bytes())
    with pytest.raises(SystemExit, match="2"):
        score(root / "maps/SIP", tmp_path / "masks")
    assert "--mask-suffix=-gt that its mask is called A-gt" in capsys.readouterr().err
    score(root / "maps/SIP", tmp_path / "masks", "--mask-suffix=-gt")
    assert "4 maps scored; left out: nothing" in capsys.readouterr().out
