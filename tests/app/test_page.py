"""The page in a real browser, which reaches nothing but this machine."""

import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fastreid.modeling import build_model
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from fastreid_mm import Predictor
from fastreid_mm.app.gallery_desk import GalleryDesk
from fastreid_mm.app.page import build_page, launch
from fastreid_mm.app.pictures import Pictures
from fastreid_mm.app.saliency_desk import Pair, SaliencyDesk
from fastreid_mm.commands import index_gallery
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.picture_sheet import RIGHT, WRONG
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.retrieval.answers import Match
from fastreid_mm.retrieval.searcher import Searcher
from fastreid_mm.saliency.image_files import read_colours
from fastreid_mm.saliency.load_depth import DepthLoader
from fastreid_mm.saliency.pair_predictor import PairPredictor

BROWSER, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))


@pytest.fixture(scope="module")
def browser():
    if not BROWSER or not DRIVER:
        pytest.skip("no Chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "window-size=1400,1000"):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.implicitly_wait(60)
    yield driver
    driver.quit()


@pytest.fixture
def desk(tiny_config, tiny_cfg, tmp_path, sysu_root):
    """Of an untrained network, and 120 images, the same from two cameras."""
    torch.manual_seed(0)
    SafeCheckpointer(build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6)), str(tmp_path)).save("model", num_classes=6)
    config, weights, location = tiny_config(), str(tmp_path / "model.pth"), str(tmp_path / "gallery.index")
    for camera in ("cam1", "cam2"):
        shutil.copytree(sysu_root / "SYSU-MM01" / camera, tmp_path / "gallery" / camera)
    index_gallery.main(
        f"--config-file {config} --weights {weights} --images {tmp_path}/gallery --modality visible "
        f"--index {location}".split()
    )
    predictor = Predictor(config, weights)
    return GalleryDesk(predictor, Searcher(location, predictor))


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def query(tmp_path):
    return next((tmp_path / "gallery" / "cam1").rglob("*.jpg"))


def test_filters(desk, tmp_path):
    everything = desk.search(query(tmp_path), "visible", top=1000)
    assert desk.cameras == ["1", "2"] and len(everything) == 120
    assert everything[0].path == str(query(tmp_path)) and everything[0].score == pytest.approx(1)
    of_one = [match for match in everything if "cam1" in match.path]
    assert desk.search(query(tmp_path), "visible", 3, ["1"]) == of_one[:3]
    least = of_one[7].score
    assert desk.search(query(tmp_path), "visible", 50, ["1"], least) == [m for m in of_one if m.score >= least]


def test_a_camera_needs_a_group(desk):
    for wrong in ("cam", "("):
        with pytest.raises(InputError, match="--camera"):
            GalleryDesk(desk.predictor, desk._searcher, wrong)


@pytest.mark.parametrize(
    ("path", "camera"),
    [
        ("SYSU-MM01/cam3/0001/0001.jpg", "3"),
        ("/data/cam2024/SYSU-MM01/cam3/0001/0001.jpg", "3"),
        ("/mnt/webcam1/RGBNT201/test/RGB/000001_cam3_0_00.jpg", "3"),
        ("/data/exp_c5/RGBN300/0001_c003_00.jpg", "3"),
        ("a/Camera3/1.jpg", "3"),
        ("a/CAM_03/1.jpg", "3"),
        ("a/cam1/0002_c12s1_000451_03.jpg", "12"),
        ("a/webcam1/1.jpg", ""),
        ("a/cam٣/1.jpg", ""),
    ],
)
def test_the_camera_is_the_one_nearest_to_the_file_name(path, camera):
    assert GalleryDesk(None, None).camera(path) == camera


@pytest.mark.parametrize(
    ("names", "cameras"),
    [
        (["/data/cam7/set/a/1.jpg", "/data/cam7/set/b/2.jpg"], []),
        (["/data/cam7/set/cam1/1.jpg", "/data/cam7/set/2.jpg"], ["1"]),
        (["/data/cam7/1/1.jpg", "/data/cam7/2/2.jpg"], ["7"]),
        (["cam1/1.jpg", "/data/cam10/2.jpg", "x_c2\udcff.jpg"], ["1", "2", "10"]),
    ],
)
def test_folders_above_the_gallery_are_no_cameras(names, cameras):
    searcher = SimpleNamespace(index=SimpleNamespace(known=lambda: set(names)))
    assert GalleryDesk(None, searcher).cameras == cameras
    if names[0] == "/data/cam7/set/a/1.jpg":  # unless one says so
        assert GalleryDesk(None, searcher, r"cam(\d)").cameras == ["7"]


def test_pictures_are_whole_files_that_nothing_writes_again(desk, tmp_path):
    pictures = Pictures()
    matches = desk.search(query(tmp_path), "visible", 4, ["1"])  # those of the other camera are the same
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(pictures.of_match, matches * 8))
    assert paths[:4] * 8 == paths and len({*paths}) == 4 and {*map(Path, paths)} == {*pictures.folder.iterdir()}
    assert Image.open(paths[0]).size == Image.open(matches[0].path).size
    before = [os.stat(path) for path in paths[:4]]
    assert [os.stat(pictures.of_match(match)) for match in matches] == before
    for path in (tmp_path / "gone.jpg", matches[0].path, "/dev/zero"):
        sign = pictures.of_match(Match(str(path), 0.5))
        assert Image.open(sign).size == (128, 128) and sign not in paths


def test_right_and_wrong_images_are_framed(desk, tmp_path):
    match, asked = desk.search(query(tmp_path), "visible", 1)[0], str(query(tmp_path))
    other = next(
        path for path in (tmp_path / "gallery").rglob("*.jpg") if path.parent.name != query(tmp_path).parent.name
    )
    assert desk.right(asked, match.path) is True and desk.right(asked, str(other)) is False
    assert desk.right("upload.png", match.path) is None
    pictures = Pictures()
    plain, right, wrong = (Image.open(pictures.of_match(match, value)) for value in (None, True, False))
    assert (right.getpixel((0, 0)), wrong.getpixel((0, 0))) == (RIGHT, WRONG)
    assert right.size == wrong.size > plain.size and len({*pictures.folder.iterdir()}) == 3


def test_an_example_is_searched_with_by_a_click(browser, desk, tmp_path):
    examples = [str(path) for path in sorted((tmp_path / "gallery" / "cam1").rglob("*.jpg"))[:2]]
    page = build_page(desk, examples=examples)
    with closing(page):
        browser.get(launch(page, "127.0.0.1", free_port(), block=False))
        _wait(browser, lambda: len(_captions(browser)) == 2)
        path = "(//button[contains(@class, 'thumbnail')])[last()]"
        wait = WebDriverWait(browser, 60, ignored_exceptions=[WebDriverException])
        wait.until(lambda _: browser.find_element(By.XPATH, path).click() is None)
        _wait(browser, lambda: len(_captions(browser)) == 14)
        shot = os.environ.get("PAGE_SHOT")
        if shot:
            browser.save_screenshot(shot)


def test_uploads_are_read_by_the_projects_reader_and_answers_come_whole(desk, tmp_path):
    grey = np.asarray(Image.open(query(tmp_path)).convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "16.png")
    (tmp_path / "junk.png").write_bytes(b"no image")
    page = build_page(desk)
    with closing(page):
        address = launch(page, "127.0.0.1", free_port(), block=False)

        client = Client(address, verbose=False, download_files=str(tmp_path / "downloads"))

        def ask(name, top=3, least=""):
            return client.predict("visible", top, [], least, handle_file(tmp_path / name), api_name="/search")

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, ["16.png"] * 4))
        expected = [match.score for match in desk.search(grey, "visible", 3)]
        for answer in answers:
            assert [float(each["caption"].split()[0]) for each in answer] == pytest.approx(expected, abs=2e-3)
            for each in answer:
                Image.open(each["image"]).load()
        for options, message in (
            (("junk.png",), "^cannot read image junk.png: "),
            (("16.png", 3, "nan"), "Least score: 'nan' is no number"),
        ):
            with pytest.raises(AppError, match=message):
                ask(*options)


def test_a_query_is_answered(browser, desk, tmp_path):
    page = build_page(desk, saliency=SaliencyDesk(ByRed()))
    with closing(page):
        browser.get(launch(page, "127.0.0.1", free_port(), block=False))
        _press(browser, "Search")
        _wait(browser, lambda: "Drop an image first" in browser.page_source)
        browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(query(tmp_path)))
        browser.find_element(By.CSS_SELECTOR, "input[value=visible]").click()
        _wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "button[aria-label='Clear']"))
        _press(browser, "Search")
        expected = desk.search(query(tmp_path), "visible", 12)
        _wait(browser, lambda: len(_captions(browser)) == 12)
        shown = [(f"{match.score:.3f} cam {desk.camera(match.path)}", desk.identity(match.path)) for match in expected]
        assert _captions(browser) == [f"{caption} identity {identity}" for caption, identity in shown]
        assert _captions(browser)[0].startswith("1.000 cam 1 identity ")
        browser.find_element(By.CSS_SELECTOR, "button[role=tab]:nth-of-type(2)").click()
        _press(browser, "Find what is salient")
        _wait(browser, lambda: "Drop an image and its depth first" in browser.page_source)


class ByRed(PairPredictor):
    """The red of an image, where depth is near."""

    modality = "depth"

    def prepare(self, sample):
        sample["img"] = read_colours(sample["img_path"])
        return DepthLoader().transform(sample)

    def size_of(self, sample):
        return sample["img"].shape

    def compute(self, samples):
        return [sample["img"][..., 2] / np.float32(255) * (sample["depth"] > 0.5) for sample in samples]


@pytest.fixture
def scene(tmp_path):
    """An image that is red where its mask is white and its depth is near."""
    mask = np.zeros((30, 40), np.uint8)
    mask[10:20, 5:25] = 255
    image = np.dstack([mask, mask // 2, mask // 2])
    for folder, values in (("RGB", image), ("depth", np.maximum(mask, 40)), ("GT", mask)):
        (tmp_path / "scenes" / folder).mkdir(parents=True)
        Image.fromarray(values).save(tmp_path / "scenes" / folder / "7.png")
    return str(tmp_path / "scenes" / "RGB" / "7.png")


def test_an_example_of_saliency_has_its_depth_and_mask_beside_it(scene):
    desk = SaliencyDesk(ByRed(), [scene])
    (pair,) = desk.examples
    assert pair == Pair(scene, scene.replace("RGB", "depth"), scene.replace("RGB", "GT"))
    pictures, captions = zip(*desk.panels(pair))
    assert captions == ("image", "depth", "mask", "map, MAE 0.000")
    assert pictures[0].getpixel((6, 11)) == (255, 127, 127) and pictures[3].getpixel((6, 11)) == 255
    assert np.array_equal(np.asarray(pictures[2]).astype(np.uint8) * 255, np.asarray(pictures[3]))
    assert desk.thumbnail(pair).width > 2 * 40
    assert [caption for _, caption in desk.panels(Pair(*pair[:2]))] == ["image", "depth", "saliency map"]
    with pytest.raises(InputError, match=r"no depth_path given for .*GT/7\.png"):
        SaliencyDesk(ByRed(), [pair.mask])


def test_a_pair_is_tried_by_a_click(browser, scene, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    page = build_page(saliency=SaliencyDesk(ByRed(), [scene]))
    with closing(page):
        browser.get(launch(page, "127.0.0.1", free_port(), block=False))
        wait = WebDriverWait(browser, 60, ignored_exceptions=[WebDriverException])
        wait.until(lambda _: browser.find_element(By.XPATH, "//button[contains(@class, 'thumbnail')]").click() is None)
        _wait(browser, lambda: "map, MAE 0.000" in _captions(browser))
        assert _captions(browser)[:3] == ["image", "depth", "mask"]


def _press(browser, text):
    """As soon as the page is laid out, and nothing lies over the button."""
    path = f"//button[normalize-space()='{text}' and contains(@class, 'primary')]"
    wait = WebDriverWait(browser, 60, ignored_exceptions=[WebDriverException])
    wait.until(lambda _: browser.find_element(By.XPATH, path).click() is None)


def _captions(browser):
    found = browser.find_elements(By.CSS_SELECTOR, ".caption-label")
    return [" ".join(caption.text.split()) for caption in found]


def _wait(browser, condition):
    WebDriverWait(browser, 60).until(lambda _: condition())
