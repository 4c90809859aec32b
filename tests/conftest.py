"""Small data sets in their original layouts, and a network small enough to train in a test."""

import logging
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fastreid_mm.settings.load import load_config

torch.set_num_threads(1)  # the tensors are too small to share

NETWORK = """
_BASE_: {base}
MODEL:
  DEVICE: cpu
  {method}
  BACKBONE:
    PRETRAIN: False
    {backbone}
INPUT: {{SIZE_TRAIN: [32, 16], SIZE_TEST: [32, 16]}}
DATALOADER: {{NUM_WORKERS: 0, NUM_INSTANCE: 2}}
SOLVER: {{IMS_PER_BATCH: 16, MAX_EPOCH: 2, STEPS: [1], CHECKPOINT_PERIOD: 1}}
TEST: {{EVAL_PERIOD: 0, IMS_PER_BATCH: 64}}
SEED: 7
OUTPUT_DIR: {output}
"""
BACKBONES = {
    "build_timm_vit_backbone": ("STRIDE_SIZE: (4, 4)\n    VIT: {PATCH_SIZE: 8, EMBED_DIM: 32, DEPTH: 2, NUM_HEADS: 2}"),
    "build_two_stream_resnet_backbone": "RESNET: {NAME: test_resnet}",
    "build_multi_stream_resnet_backbone": "RESNET: {NAME: test_resnet}",
}
METHODS = {
    "HCTHead": "HEADS: {PARTS: 2, PART_DIM: 16}",
    "CMTHead": "HEADS: {PARTS: 2, PART_DIM: 16}",
    "MUN": "MUN: {RATIOS: [2, 4]}",
    "IEEE": "IEEE: {PARTS: 2, REDUCED_DIM: 24, PART_DIM: 16}",
    "MutualFormerReID": "MUTUALFORMER: {DIM: 16, HEADS: 4}",
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What is remembered of image files stays out of the home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def logs_end_with_the_test():
    """The log files and the captured output of a training are not written to by later tests."""
    host = logging.getLogger("fastreid")
    before = [*host.handlers]
    yield
    for handler in [*host.handlers]:
        if handler not in before:
            host.removeHandler(handler)


def pytest_collection_modifyitems(items):
    """Servers inside of the tests' process come last: their threads are in the way of tests that fork."""
    items.sort(key=lambda item: "milvus" in item.nodeid or item.nodeid.startswith("tests/app/"))


def draw_image(seed: int) -> Image.Image:
    """A 16 x 32 image of noise around a colour that follows from the seed."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, 3) // 2 + random.integers(0, 128, (32, 16, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def write_image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_image(seed).save(path)


def write_strip(path: Path, seed: int, tiles: int = 3) -> None:
    """A row of 256 x 128 tiles, each an enlarged image with a seed of its own."""
    strip = Image.new("RGB", (256 * tiles, 128))
    for tile in range(tiles):
        strip.paste(draw_image(seed + 10_000 * tile).resize((256, 128), Image.Resampling.NEAREST), (256 * tile, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    strip.save(path)


@pytest.fixture(scope="session")
def sysu_root(tmp_path_factory) -> Path:
    """A folder with SYSU-MM01: 6 + 2 training and 22 test identities, two images each under every camera."""
    root = tmp_path_factory.mktemp("sysu")
    folder = root / "SYSU-MM01"
    for camera in range(1, 7):
        for pid in range(1, 31):
            for number in (1, 2):
                write_image(folder / f"cam{camera}" / f"{pid:04d}" / f"{number:04d}.jpg", 100 * pid + number)
    (folder / "exp").mkdir()
    for name, ids in {"train_id": range(1, 7), "val_id": (7, 8), "test_id": range(9, 31)}.items():
        (folder / "exp" / f"{name}.txt").write_text(",".join(map(str, ids)))
    return root


@pytest.fixture
def sysu_datasets(monkeypatch, sysu_root) -> None:
    """The host finds that set."""
    monkeypatch.setenv("FASTREID_DATASETS", str(sysu_root))


@pytest.fixture(scope="session")
def regdb_root(tmp_path_factory) -> Path:
    """A folder with RegDB: 48 identities, two images each of both kinds, trials 1 and 2."""
    root = tmp_path_factory.mktemp("regdb")
    folder = root / "RegDB"
    (folder / "idx").mkdir(parents=True)
    for kind in ("Visible", "Thermal"):
        for pid in range(48):
            for number in (1, 2):
                write_image(folder / kind / str(pid) / f"{number}.bmp", 100 * pid + number)
        for trial in (1, 2):
            halves = (
                {"train": range(24), "test": range(24, 48)}
                if trial == 1
                else {"train": range(24, 48), "test": range(24)}
            )
            for part, ids in halves.items():
                lines = [f"{kind}/{pid}/{number}.bmp {label}" for label, pid in enumerate(ids) for number in (1, 2)]
                (folder / "idx" / f"{part}_{kind.lower()}_{trial}.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="session")
def rgbnt201_root(tmp_path_factory) -> Path:
    """A folder with RGBNT201: 6 training and 8 test identities, two samples each under both cameras."""
    root = tmp_path_factory.mktemp("rgbnt201")
    for part, ids in {"train_171": range(1, 7), "test": range(7, 15)}.items():
        for number, modality in enumerate(("RGB", "NI", "TI")):
            for pid, camera, index in product(ids, (1, 2), (0, 1)):
                name = f"{pid:06d}_cam{camera}_0_{index:02d}.jpg"
                write_image(root / "RGBNT201" / part / modality / name, 10_000 * number + 100 * pid + index)
    return root


@pytest.fixture(scope="session")
def rgbn300_root(tmp_path_factory) -> Path:
    """A folder with RGBN300: 6 training and 8 test identities, four cameras, the first one's test images the query."""
    root = tmp_path_factory.mktemp("rgbn300")
    for pid, camera in product(range(1, 15), range(1, 5)):
        part = "bounding_box_train" if pid < 7 else "query" if camera == 1 else "bounding_box_test"
        write_strip(root / "RGBN300" / "rgbir" / part / f"{pid:04d}_c{camera:03d}_00.jpg", 100 * pid + camera)
    return root


@pytest.fixture(scope="session")
def market1501_mm_root(tmp_path_factory) -> Path:
    """A folder with Market1501-MM: 6 training and 8 test identities, three samples each under two cameras, a query."""
    root = tmp_path_factory.mktemp("market1501_mm")
    for part, ids, indices in (
        ("train", range(2, 8), (0, 1, 2)),
        ("query", range(8, 16), (0,)),
        ("gallery", range(8, 16), (1, 2)),
    ):
        for number, modality in enumerate(("RGB", "NI", "TI")):
            for pid, camera, index in product(ids, (1, 2), indices):
                name = f"{pid:04d}_c{camera}s1_{index:06d}_00.jpg"
                write_image(root / "Market1501-MM" / part / modality / name, 10_000 * number + 100 * pid + index)
    return root


@pytest.fixture(scope="session")
def llcm_root(tmp_path_factory) -> Path:
    """A folder with LLCM: 6 training and 8 test identities, two images each under every third camera."""
    root = tmp_path_factory.mktemp("llcm")
    folder = root / "LLCM"
    (folder / "idx").mkdir(parents=True)
    for modality, cameras in {"vis": range(1, 10), "nir": (1, 2, 4, 5, 6, 7, 8, 9)}.items():
        names = {f"train_{modality}/{pid:04d}/{number}.jpg": pid for pid in range(6) for number in (1, 2)}
        for name, pid in names.items():
            write_image(folder / name, 100 * pid)
        lines = [f"{name} {pid}\n" for name, pid in names.items()]
        (folder / "idx" / f"train_{modality}.txt").write_text("".join(lines))
        for camera in cameras:
            (folder / f"test_{modality}" / f"cam{camera}").mkdir(parents=True)
        for pid, camera, number in product(range(7, 15), cameras, (1, 2)):
            if (pid + camera) % 3 == 0:
                write_image(folder / f"test_{modality}/cam{camera}/{pid:04d}/{number}.jpg", 100 * pid + number)
    (folder / "idx" / "test_id.txt").write_text(",".join(map(str, range(7, 15))))
    return root


@pytest.fixture(scope="session")
def msvr310_root(tmp_path_factory) -> Path:
    """A folder with MSVR310: 6 training and 8 test vehicles in three scenes each, the first scene the query too."""
    root = tmp_path_factory.mktemp("msvr310")
    for part, ids, scenes in (
        ("bounding_box_train", range(1, 7), (1, 2, 3)),
        ("query3", range(7, 15), (1,)),
        ("bounding_box_test", range(7, 15), (1, 2, 3)),
    ):
        for number, modality in enumerate(("vis", "ni", "th")):
            for pid, scene in product(ids, scenes):
                name = f"{pid:04d}_s{scene:03d}_v{scene - 1}_001.jpg"
                folder = root / "MSVR310" / part / f"{pid:04d}" / modality
                write_image(folder / name, 10_000 * number + 100 * pid + scene)
    return root


@pytest.fixture
def warnings():
    """What the package warns of, even where the host keeps its messages to itself."""
    records, handler = [], logging.Handler(logging.WARNING)
    handler.emit = records.append
    logging.getLogger("fastreid.mm").addHandler(handler)
    yield records
    logging.getLogger("fastreid.mm").removeHandler(handler)


@cache
def reduced(base: str) -> dict[str, str]:
    """Keys that make the networks of a config small."""
    model = load_config(base, []).MODEL
    method = METHODS.get(model.META_ARCHITECTURE, METHODS.get(model.HEADS.NAME, ""))
    return {"method": method, "backbone": BACKBONES.get(model.BACKBONE.NAME, "")}


def write_tiny_config(path: Path, base: str, output: Path) -> str:
    """A small config on top of one of the project's."""
    base = str(Path(__file__).parent.parent / "configs" / base)
    path.write_text(NETWORK.format(base=base, output=output, **reduced(base)))
    return str(path)


@pytest.fixture
def tiny_config(tmp_path):
    """Builds the path of a small config on top of one of the project's, writing to a folder of the test."""

    def build(base: str = "SYSU/cmtr.yml", output: str = "out") -> str:
        return write_tiny_config(tmp_path / f"{output}.yml", base, tmp_path / output)

    return build


@pytest.fixture
def tiny_cfg(tiny_config):
    """Loads such a config with KEY VALUE pairs on top."""

    def build(*options: object, base: str = "SYSU/cmtr.yml", output: str = "out"):
        return load_config(tiny_config(base, output), [str(option) for option in options])

    return build
