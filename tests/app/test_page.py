"""The page in a real browser, which reaches nothing but this machine."""

import shutil
import socket
from contextlib import closing

import numpy as np
import pytest
import torch
from fastreid.modeling import build_model
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from fastreid_mm import Predictor
from fastreid_mm.app.gallery_desk import GalleryDesk
from fastreid_mm.app.page import build_page, launch
from fastreid_mm.commands import index_gallery
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.errors import InputError
from fastreid_mm.retrieval.searcher import Searcher

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


def test_a_query_is_answered(browser, desk, tmp_path):
    page = build_page(desk, saliency=lambda image, depth: np.eye(8))
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
        assert _captions(browser) == [f"{match.score:.3f} cam {desk.camera(match.path)}" for match in expected]
        assert _captions(browser)[0] == "1.000 cam 1"
        browser.find_element(By.CSS_SELECTOR, "button[role=tab]:nth-of-type(2)").click()
        _press(browser, "Find what is salient")
        _wait(browser, lambda: "Drop an image and its depth first" in browser.page_source)


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
