#!/usr/bin/env python
"""Damaged images and odd configs: each is read, built or refused in one line; nothing crashes and nothing hangs.

python tools/benchmarks/fuzz.py [--images 10000] [--configs 2000] [--seed 0]
"""

import argparse
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tabulate import tabulate

CONFIGS = Path(__file__).parent.parent.parent / "configs" / "demo"
SECONDS = 60
"""What takes longer counts as hanging."""
SMALL = {"INPUT.SIZE_TRAIN": "[64, 32]", "INPUT.SIZE_TEST": "[64, 32]", "MODEL.HEADS.NUM_CLASSES": "5"}
RESNET = {"MODEL.BACKBONE.RESNET.NAME": "test_resnet"}
SECTIONS = ("MODEL.", "INPUT.", "SOLVER.", "TEST.METRIC")
"""Beginnings of the keys that decide how a network is built and stepped."""
ODD = (
    "0",
    "-1",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "-0.5",
    "1e-9",
    "1e9",
    ".inf",
    ".nan",
    "True",
    "False",
    "''",
    "none",
    "x y",
)
ODD += ("()", "[]", "(1,)", "[2, 3]", "(0, 0)", "(1, 2, 3)", "ü", "None", "[[1]]", "{'a': 1}", "../nowhere", "'")


class Hang(BaseException):
    """Something took too long. Not an ``Exception``, so that no reader takes it for a damaged file."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise :class:`Hang` in a block that takes longer than :data:`SECONDS`."""

    def stop(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome(call: Callable[[], object], refusals: tuple[type[Exception], ...]) -> str:
    """What came of a call: "works", "refused in one line", or which crash."""
    try:
        with limited():
            call()
    except refusals as error:
        return "refused in one line" if "\n" not in str(error) else f"several lines: {str(error)[:80]}"
    except Hang:
        return "HANG"
    except Exception as error:
        return f"CRASH {type(error).__name__}: {' '.join(str(error).split())[:100]}"
    return "works"


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Bytes with some changed, left out, inserted or cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(data)) if data else 0
        kind = rng.choice(("flip", "byte", "leave out", "insert", "cut", "copy"))
        if kind == "flip" and data:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == "byte" and data:
            data[place] = rng.choice((0, 255, rng.randrange(256)))
        elif kind == "leave out":
            del data[place : place + rng.randrange(1, 9)]
        elif kind == "insert":
            data[place:place] = rng.randbytes(rng.randrange(1, 9))
        elif kind == "cut":
            del data[place:]
        else:
            data[place:place] = data[:place][-64:]
    return bytes(data)


def originals(folder: Path) -> list[Path]:
    """A whole file of each kind, some with EXIF data."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "a.jpg", exif=exif)
    image.save(folder / "a.png", exif=exif)
    image.convert("L").save(folder / "grey.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    return sorted(folder.iterdir())


def fuzz_images(count: int, seed: int) -> Counter:
    """Outcomes of the readers of both packages on damaged files, by reader and kind of file."""
    from fastreid_mm.errors import InputError
    from fastreid_mm.read_image import read_rgb
    from mmseg_mm.datasets.image_files import image_size, read_grey, read_mask

    rng, found = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {path.name: path.read_bytes() for path in originals(folder)}
        for index in range(count):
            kind = rng.choice(sorted(files))
            path = folder / f"damaged{Path(kind).suffix}"
            path.write_bytes(mutate(files[kind], rng))
            for reader in (read_rgb, read_grey, read_mask, image_size):
                result = outcome(lambda: reader(str(path)), (InputError,))  # noqa: B023  called at once
                found[f"{reader.__name__} of {kind}", result] += 1
                if result.startswith(("CRASH", "HANG", "several")):
                    print(f"image {index} of seed {seed}: {reader.__name__} of {kind}: {result}", flush=True)
    return found


def fuzz_configs(count: int, seed: int) -> Counter:
    """Outcomes of a step of training on configs with some values replaced, by method."""
    import fastreid_mm.modeling  # noqa: F401  registers
    from fastreid_mm.engine.setup import load_config
    from fastreid_mm.engine.unread_keys import leaves
    from fastreid_mm.errors import InputError

    rng, found = random.Random(seed), Counter()
    names = sorted(path.name for path in CONFIGS.glob("*.yml"))
    keys = {
        name: [
            pair
            for pair in leaves(load_config(str(CONFIGS / name), []))
            if pair[0].startswith(SECTIONS) and pair[0] not in SMALL
        ]
        for name in names
    }
    for index in range(count):
        name = rng.choice(names)
        changes = {key: other(value, rng) for key, value in rng.choices(keys[name], k=rng.choice((1, 1, 2)))}
        result = outcome(lambda: step(name, changes), (InputError, FloatingPointError))  # noqa: B023  called at once
        found[name.removesuffix(".yml"), result] += 1
        if result.startswith(("CRASH", "HANG", "several")):
            print(f"config {index} of seed {seed}: {name} {changes}: {result}", flush=True)
    return found


def other(value: object, rng: random.Random) -> str:
    """Half of the time another value of the same kind, else an odd one of any."""
    if rng.random() < 0.5 or isinstance(value, str | list | tuple):
        return rng.choice(ODD)
    if isinstance(value, bool):
        return str(not value)
    return str(type(value)(value * rng.choice((-1, 0, 0.5, 2, 3, 10)) + rng.choice((0, 0, 1))))


def step(name: str, changes: dict[str, str]) -> None:
    """Build the small network of a demo config with some other values, and make one step."""
    from fastreid_mm.data.transforms import build_transforms
    from fastreid_mm.engine.config_values import refuse_impossible
    from fastreid_mm.engine.setup import load_config
    from fastreid_mm.engine.trainer import MMTrainer

    small = SMALL | ({} if name.startswith("cmtr") else RESNET)
    if name.startswith("mun"):
        small["MODEL.MUN.RATIOS"] = "[2, 4]"
    cfg = load_config(str(CONFIGS / name), [word for pair in (small | changes).items() for word in pair])
    refuse_impossible(cfg)
    build_transforms(cfg, is_train=True)
    model = MMTrainer.build_model(cfg).train()
    optimizer = MMTrainer.build_optimizer(cfg, model)
    MMTrainer.build_lr_scheduler(cfg, optimizer, iters_per_epoch=3)
    total = sum(model(batch_of(cfg)).values())
    if not bool(total.isfinite()):
        raise FloatingPointError("a loss is not finite")
    total.backward()
    optimizer.step()


def batch_of(cfg: object) -> dict:
    """Images of three identities of the kind that the config's method trains on."""
    targets = torch.arange(3).repeat_interleave(4)
    size, aligned = tuple(cfg.INPUT.SIZE_TRAIN), len(cfg.DATASETS.ALIGNED.MODALITIES)
    if aligned:
        return {"images": torch.rand(12, aligned, 3, *size) * 255, "targets": targets, "camids": targets}
    modalities = torch.tensor([0] * 12 + [1] * 12)
    both = targets.repeat(2)
    return {"images": torch.rand(24, 3, *size) * 255, "targets": both, "camids": both, "modalities": modalities}


def main() -> None:
    """Print a line for each crash, and a table of what was tried, how often, and what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--configs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    os.nice(10)
    torch.set_num_threads(1)
    found = fuzz_images(args.images, args.seed) + fuzz_configs(args.configs, args.seed)
    rows = [(fault, times, result) for (fault, result), times in sorted(found.items())]
    print(tabulate(rows, ("fault", "times", "outcome"), tablefmt="github"))


if __name__ == "__main__":
    main()
