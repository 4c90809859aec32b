"""Check every file of a config's data sets before training: the command ``fastreid-mm-check-data``."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import REFUSED, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, require_mmseg, say_loading
from fastreid_mm.common.image_files import Note
from fastreid_mm.common.shipped_configs import find_config

Found = tuple[str, dict[str, int], list[str], Sequence]
"""Name of a set, its counts, its problems and notes, and the files that are still to be read."""


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Print the counts of every set of a config, and a line for each problem or note: the path, and what to do.

    The status is 2 if there is a problem, too; a note is no problem.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="path of a config, or short name of a shipped one")
    parser.add_argument(
        "--workers", "--num-workers", type=int, default=8, help="number of images read at a time (default: 8)"
    )
    parser.add_argument("opts", nargs="*", metavar="KEY VALUE", help="config keys and their values, for fast-reid")
    args = parser.parse_intermixed_args(arguments)  # KEY VALUE pairs also after an option
    sets, look_at = _saliency(args) if args.config.endswith(".py") else _reid(args)
    findings = [
        (name, numbers, [*problems, *_read(look_at, rest, args.workers)]) for name, numbers, problems, rest in sets
    ]
    for name, numbers, lines in findings:
        print(f"{name}: {', '.join(f'{number:,} {what}' for what, number in numbers.items()) or 'not read'}")
        for line in lines:
            print(printable(f"  {'note' if isinstance(line, Note) else 'problem'}: {line}"))
    notes = sum(isinstance(line, Note) for *_, lines in findings for line in lines)
    total = sum(len(lines) for *_, lines in findings) - notes
    remark = f", {notes} note{'s' * (notes > 1)}" if notes else ""
    print((f"{total} problem{'s' * (total > 1)}" if total else "no problems") + remark)
    if total:
        raise SystemExit(REFUSED)


def _read(look_at: Callable[[Any], str], rest: Sequence, workers: int) -> list[str]:
    """Read files, several at a time because Pillow and OpenCV decode without Python's lock, and return problems."""
    from tqdm import tqdm

    with ThreadPoolExecutor(max(1, workers)) as pool:
        problems = list(tqdm(pool.map(look_at, rest), total=len(rest), unit="file"))
    return [problem for problem in problems if problem]


def _reid(args: argparse.Namespace) -> tuple[Iterable[Found], Callable[[Any], str]]:
    require_fastreid()
    find_config(args.config, "fastreid_mm")
    say_loading("fastreid")
    import fastreid_mm.data  # noqa: F401  registers the data sets
    from fastreid_mm.common.read_image import PixelRule
    from fastreid_mm.data.inspection import inspect, look_at
    from fastreid_mm.settings.load import load_config

    cfg = load_config(args.config, args.opts)
    return inspect(cfg), partial(look_at, pixels=PixelRule.from_cfg(cfg))


def _saliency(args: argparse.Namespace) -> tuple[Iterable[Found], Callable[[Any], str]]:
    require_mmseg()
    path = find_config(args.config, "mmseg_mm")
    say_loading("mmseg")
    from mmseg_mm.inspection import inspect, look_at

    return inspect(path), look_at
