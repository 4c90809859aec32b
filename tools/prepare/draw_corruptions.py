"""Draw a toy person under the 20 corruptions of SYSU-MM01-C and RegDB-C, severity 1 to 5 from left to right.

Example:
    python tools/prepare/draw_corruptions.py docs/images/corruptions.jpg

The person is corrupted at 288 x 144 and then shown smaller. The same seed draws the same picture.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.corruptions import CORRUPTIONS, SEVERITIES
from toy_people.camera import Studio
from toy_people.datasets import SYSU_CAMERAS
from toy_people.identity import sample_people

SIZE, SHOWN = (144, 288), (58, 116)
COLUMNS, GAP, TITLE = 4, 12, 14
QUALITY = 72


def photograph(seed: int) -> Image.Image:
    """Draw a visible image of a toy person, as the network sees it."""
    person = sample_people(2, seed)[1]
    return Studio(seed).photograph(person, SYSU_CAMERAS[4], (1, 4, 0)).convert("RGB").resize(SIZE)


def draw_sheet(image: Image.Image, seed: int) -> Image.Image:
    """Draw all corruptions in columns, each with its name above."""
    width, height = len(SEVERITIES) * SHOWN[0] + GAP, SHOWN[1] + TITLE
    rows = -(-len(CORRUPTIONS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width - GAP, rows * height), "white")
    write = ImageDraw.Draw(sheet)
    for number, (name, corrupt) in enumerate(CORRUPTIONS.items()):
        left, top = number // rows * width, number % rows * height
        write.text((left, top + 1), name.replace("_", " "), "black")
        for place, severity in enumerate(SEVERITIES):
            view = Image.fromarray(corrupt(np.asarray(image), severity, np.random.default_rng((seed, severity))))
            sheet.paste(view.resize(SHOWN), (left + place * SHOWN[0], top + TITLE))
    return sheet


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="seed of the picture")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    with one_line_errors():
        draw_sheet(photograph(args.seed), args.seed).save(args.path, quality=QUALITY)


if __name__ == "__main__":
    main()
