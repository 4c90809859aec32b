"""Reading a whole data set before training does."""

import re
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from fastreid_mm.commands.check_data import main
from tests.conftest import write_image
from tests.mmseg_mm.rgbd_files import write_set


def refused(arguments, capsys) -> str:
    with pytest.raises(SystemExit) as status:
        main(arguments)
    assert status.value.code == 2
    return capsys.readouterr().out


def test_every_problem_of_a_set_is_listed_with_its_path(regdb_root, tmp_path, monkeypatch, tiny_config, capsys):
    shutil.copytree(regdb_root, tmp_path / "data")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    folder = tmp_path / "data" / "RegDB" / "Visible"
    (folder / "3" / "1.bmp").write_bytes(b"")
    (folder / "40" / "2.bmp").write_bytes(write_and_cut(tmp_path / "cut.bmp"))
    out = refused([tiny_config("RegDB/agw.yml"), "--workers", "2"], capsys)
    assert "RegDB: 24 training identities, 96 training images, 2 training cameras, 24 test identities" in out
    assert "note: 24 training identities, published are 206" in out
    for path in ("Visible/3/1.bmp", "Visible/40/2.bmp"):
        assert f"problem: cannot read image {tmp_path / 'data' / 'RegDB' / path}: " in out
    assert out.count("from the original archive again") == 2 and out.endswith("2 problems, 6 notes\n")


def test_all_that_is_left_out_is_listed_and_only_images_are_problems(
    sysu_root, tmp_path, monkeypatch, tiny_config, capsys
):
    folder = shutil.copytree(sysu_root / "SYSU-MM01", tmp_path / "data" / "SYSU-MM01")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    (folder / "cam1" / "0009" / "notes.txt").write_text("")
    (folder / "cam2" / "Thumbs.db").write_text("")
    main([tiny_config("SYSU/agw.yml")])
    out = capsys.readouterr().out
    assert f"  note: {folder}/cam1/0009/notes.txt (no image by its suffix)\n" in out
    assert (
        "  note: files of operating systems and editors that are ignored, such as Thumbs.db: 1" in out
        and out.endswith("\nno problems, 7 notes\n")
    )
    for name in ("cam1/0009/x.jpg", "cam3/0011 (1)/0001.jpg"):
        write_image(folder / name, 1)
    out = refused([tiny_config("SYSU/agw.yml")], capsys)
    assert f"  problem: {folder}/cam1/0009/x.jpg (its name is no number)\n" in out
    assert f"  problem: {folder}/cam3/0011 (1) (no folder of the name NUMBER; images in it: 1)\n" in out
    assert out.endswith("\n2 problems, 7 notes\n")


def test_identities_for_training_and_testing_are_noted(rgbnt201_root, tmp_path, monkeypatch, tiny_config, capsys):
    folder = shutil.copytree(rgbnt201_root / "RGBNT201", tmp_path / "data" / "RGBNT201")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    for modality in ("RGB", "NI", "TI"):
        write_image(folder / "test" / modality / "000002_cam4_0_00.jpg", 1)
    main([tiny_config("RGBNT201/ieee.yml")])
    assert (
        "  note: 1 identities are trained on and tested: 2; numbers mean little if they are the"
        in capsys.readouterr().out
    )


def write_and_cut(path) -> bytes:
    write_image(path, 1)
    return path.read_bytes()[:300]


def test_a_set_that_is_not_there_is_a_problem(tmp_path, monkeypatch, tiny_config, capsys):
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    out = refused([tiny_config("SYSU/agw.yml"), "--num-workers", "2", "SEED", "-1"], capsys)
    assert "SYSUMM01: not read" in out and "SYSU-MM01 is missing; set FASTREID_DATASETS" in out
    assert out.endswith("\n1 problem\n")


CONFIG = """
train_dataloader = dict(dataset=dict(type="RGBDSODDataset", name="toy", data_root=r"{root}", pipeline=[
    dict(type="LoadImageFromFile"), dict(type="LoadDepthFromFile")]))
val_dataloader = dict(dataset=dict(type="RepeatDataset", times=2, dataset=train_dataloader["dataset"]))
test_dataloader = dict(dataset=dict(  # without masks
    train_dataloader["dataset"], test_mode=True, data_prefix=dict(img_path="RGB", depth_path="depth")))
"""


def test_depth_that_says_little_is_listed(tmp_path, capsys):
    root = write_set(tmp_path / "toy", names=("good", "flat", "dark", "short"))
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root))
    depth = root / "depth"
    cv2.imwrite(str(depth / "flat.png"), np.full((24, 32), 7, np.uint8))
    cv2.imwrite(str(depth / "dark.png"), np.linspace(500, 4000, 24 * 32).reshape(24, 32).astype(np.uint16))
    image = root / "RGB" / "short.jpg"
    image.write_bytes(image.read_bytes()[:-200])
    out = refused([str(config)], capsys)
    assert f"{image} is not an image that can be read: image file is truncated" in out
    assert "test_dataloader toy: 4 samples" in out
    assert "train_dataloader toy: 4 samples" in out and "val_dataloader" not in out  # it is the same set
    assert "flat.png is constant, 7 everywhere" in out
    assert "dark.png fills 14 of 256 grey levels; LoadDepthFromFile's scaling='minmax' stretches it" in out
    assert "good.png" not in out


def test_inverted_depth_is_listed(tmp_path, capsys):
    root = write_set(tmp_path / "toy")
    for path in (root / "depth").iterdir():
        cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root))
    out = refused([str(config)], capsys)
    assert "looks inverted in 3 of 3 maps" in out and "depth_direction='far_white' inverts it" in out
    write_set(root)
    config.write_text(CONFIG.format(root=root).replace('File")', 'File", direction="far_white")', 2))
    assert "depth_direction='near_white' inverts it" in refused([str(config)], capsys)


def test_a_constant_map_does_not_hide_the_inverted_ones(tmp_path, capsys):
    root = write_set(tmp_path / "toy", names=("a", "b", "c", "flat"))
    for path in (root / "depth").iterdir():
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), np.full_like(depth, 7) if path.stem == "flat" else 255 - depth)
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root))
    out = refused([str(config)], capsys)
    assert "looks inverted in 3 of 3 maps" in out and "flat.png is constant" in out


def test_a_config_without_data_and_a_misspelt_argument_are_no_good_data(tmp_path, capsys):
    config = tmp_path / "sod.py"
    config.write_text("")
    with pytest.raises(SystemExit, match="2"):
        main([str(config)])
    assert "sod.py has no data set: it has none of train_dataloader" in capsys.readouterr().err
    config.write_text(CONFIG.format(root=write_set(tmp_path / "toy")).replace('File")]', 'File", scalin=1)]'))
    assert "unexpected keyword argument 'scalin'" in refused([str(config)], capsys)


@pytest.fixture
def regdb_copy(regdb_root, tmp_path, monkeypatch):
    shutil.copytree(regdb_root / "RegDB", tmp_path / "data" / "RegDB")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    return tmp_path / "data" / "RegDB"


def test_an_identity_of_one_image_of_a_modality_is_listed_where_a_batch_has_more(regdb_copy, tiny_config, capsys):
    split = regdb_copy / "idx" / "train_visible_1.txt"
    split.write_text(split.read_text().replace("Visible/3/2.bmp 3\n", ""))
    config = tiny_config("RegDB/agw.yml")
    line = f"1 training identities with a single visible image (3: {regdb_copy / 'Visible/3/1.bmp'}); leave them out"
    assert line in refused([config, "DATALOADER.NUM_INSTANCE", "2"], capsys)
    main([config, "DATALOADER.NUM_INSTANCE", "1"])
    out = capsys.readouterr().out
    assert "single" not in out and out.endswith("\nno problems, 7 notes\n")
    assert f"note: {regdb_copy / 'Visible/3/2.bmp'} (no list names it)" in out


def test_the_images_of_a_set_that_cannot_be_built_are_read_all_the_same(regdb_copy, tiny_config, capsys):
    (regdb_copy / "Visible" / "3" / "1.bmp").unlink()
    (regdb_copy / "Thermal" / "5" / "1.bmp").write_bytes(b"")
    out = refused([tiny_config("RegDB/agw.yml")], capsys)
    assert f"image {regdb_copy / 'Visible/3/1.bmp'} of " in out
    assert f"cannot read image {regdb_copy / 'Thermal/5/1.bmp'}" in out and out.endswith("\n2 problems\n")


def test_an_unreadable_file_does_not_hide_the_others(tmp_path, capsys):
    root = write_set(tmp_path / "toy", names=("a", "b", "c", "large", "good"))
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root).split("val_dataloader")[0])
    (root / "RGB/a.jpg").write_bytes(b"")
    for name in ("RGB/b.jpg", "GT/c.png"):
        (root / name).write_bytes((root / name).read_bytes()[:100])
    cv2.imwrite(str(root / "RGB/large.jpg"), np.zeros((48, 64, 3), np.uint8))
    out = refused([str(config)], capsys)
    assert "train_dataloader toy: 5 samples" in out and out.endswith("\n4 problems\n")
    for name in ("RGB/a.jpg", "RGB/b.jpg", "GT/c.png", "RGB/large.jpg 64 x 48"):
        assert re.search(f"problem: .*{name}", out), name


def test_masks_and_holes_that_say_something_else_are_listed(tmp_path, capsys):
    root = write_set(tmp_path / "toy", names=("a", "b", "c", "good"))
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root).replace('File")', 'File", direction="far_white")', 2))
    mask = cv2.imread(str(root / "GT/a.png"), cv2.IMREAD_UNCHANGED)
    depth = 255 - cv2.imread(str(root / "depth/a.png"), cv2.IMREAD_UNCHANGED)
    for name in ("a", "b", "c", "good"):
        cv2.imwrite(str(root / f"depth/{name}.png"), depth)
    cv2.imwrite(str(root / "GT/a.png"), mask // 2)
    cv2.imwrite(str(root / "GT/b.png"), np.zeros_like(mask))
    depth[:2] = 0
    cv2.imwrite(str(root / "depth/c.png"), depth)
    out = refused([str(config)], capsys)
    assert "GT/a.png holds 0 and 127, not 0 and 255" in out and "GT/b.png is all black" in out
    assert "depth/c.png is 0 in 8.3% of its pixels, apart from all other values" in out and "good.png" not in out
    config.write_text(config.read_text().replace('"far_white")', '"far_white", unmeasured=0)'))
    out = refused([str(config)], capsys)
    assert "c.png" not in out
    assert "note: 1 of 4 depth maps looked at have unmeasured pixels, 2.1% in the mean, filled by fill='far'" in out


def test_masks_that_are_mostly_object_are_listed(tmp_path, capsys):
    root = write_set(tmp_path / "toy")
    for path in (root / "GT").iterdir():
        mask = np.full((24, 32), 255, np.uint8)
        mask[:, :9] = 0  # the object reached beyond the picture
        cv2.imwrite(str(path), mask)
    config = tmp_path / "sod.py"
    config.write_text(CONFIG.format(root=root))
    assert "problem: its masks fill 71.9% of their pixels in the mean, are they inverted?" in refused(
        [str(config)], capsys
    )


def test_images_that_lose_their_levels_are_listed(regdb_copy, tiny_config, capsys):
    thermal = np.random.default_rng(0).integers(51241, 52182, (32, 16)).astype(np.uint16)
    for name in ("3/1", "5/2"):
        Image.fromarray(thermal).save(regdb_copy / f"Thermal/{name}.bmp", format="PNG")
    config = tiny_config("RegDB/agw.yml")
    out = refused([config], capsys)
    for name in ("3/1", "5/2"):
        assert f"problem: image {regdb_copy}/Thermal/{name}.bmp has 390 grey values, of which 4 of 256 levels" in out
    main([config, "INPUT.RANGE_16BIT", "()"])
    assert "Thermal" not in capsys.readouterr().out
    assert "Thermal/3/1.bmp has 16 x 32 pixels, more than INPUT.MAX_PIXELS 500 allows" in refused(
        [config, "INPUT.MAX_PIXELS", "500"], capsys
    )
