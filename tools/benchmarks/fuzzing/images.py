"""Damaged image files, opened by the readers of both packages."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.campaign import Try


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Damage an image file, and open it by each reader."""
    from fastreid_mm.common.read_image import read_rgb
    from fastreid_mm.saliency.image_files import image_size, look_at_mask, read_grey

    files = {path.name: path.read_bytes() for path in originals(folder)}
    while True:
        name = rng.choice(sorted(files))
        path = folder / f"damaged{Path(name).suffix}"
        path.write_bytes(mutate(files[name], rng))
        readers = (read_rgb, read_grey, look_at_mask, image_size)
        yield Try({f"{reader.__name__} of {name}": partial(reader, str(path)) for reader in readers})


def originals(folder: Path) -> list[Path]:
    """Write an intact file of each kind, some with EXIF data."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "a.jpg", exif=exif)
    image.save(folder / "a.png", exif=exif)
    image.convert("L").save(folder / "grey.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    return sorted(folder.iterdir())


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Change, leave out, insert or cut off some bytes."""
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
