"""Scores of saliency maps that lie in a folder, whoever made them, against a folder of masks."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.errors import InputError, listed
from mmseg_mm.datasets.image_files import add_max_pixels
from mmseg_mm.datasets.paired_folders import files_by_name
from mmseg_mm.evaluation.saliency_scores import Scores, doubts, summarise
from mmseg_mm.evaluation.score_job import FileJob, JobPool
from mmseg_mm.evaluation.sod_report import CURVES, PLOT, save_curves, table

MASKS = "GT"
"""The folder of the masks in that of a data set, as in D3Net's layout."""


@dataclass(frozen=True)
class MapSet:
    """The maps of one data set and their masks.

    Attributes:
        jobs: One for each mask that has a map.
        missing: The paths of the masks without a map.
        extra: The paths of the maps without a mask.
    """

    jobs: Sequence[FileJob]
    missing: Sequence[str]
    extra: Sequence[str]


def find_sets(maps: Path, masks: Path, max_pixels: int = MAX_PIXELS) -> dict[str, MapSet]:
    """Pair the files of two folders by their names up to the suffix.

    Args:
        maps: A folder of maps, or of one folder of maps for each data set, as ``test_sod.py --out`` writes them.
        masks: The folder of the masks, or of as many, SET or SET/GT by the same names.
        max_pixels: How many pixels a file may have.

    Raises:
        InputError: A folder is missing or holds no images.
    """
    inner = sorted(path for path in maps.glob("*") if path.is_dir())
    folders = [path for path in inner if (masks / path.name).is_dir()]
    if inner and not folders and not any(path.is_file() for path in maps.iterdir()):
        raise InputError(f"{masks} has no folder of the name of a folder in {maps}: {listed(inner, separator=', ')}")
    if not folders:
        return {maps.resolve().name: _pair(maps, masks, max_pixels)}
    return {path.name: _pair(path, masks / path.name, max_pixels) for path in folders}


def _pair(maps: Path, masks: Path, max_pixels: int) -> MapSet:
    given = files_by_name(maps, "maps")
    wanted = files_by_name(masks / MASKS if (masks / MASKS).is_dir() else masks, "masks")
    return MapSet(
        [FileJob(given[name], path, max_pixels) for name, path in wanted.items() if name in given],
        [path for name, path in wanted.items() if name not in given],
        [path for name, path in given.items() if name not in wanted],
    )


def score_sets(sets: Mapping[str, MapSet], num_workers: int = 0, round_first: bool = False) -> dict[str, list[Scores]]:
    """Score all maps of all sets, those of another size than their masks rounded first if asked for.

    Raises:
        InputError: A file cannot be read.
    """
    pool, scores = JobPool(num_workers), {}
    for name, one in sets.items():
        for job in tqdm(one.jobs, desc=name, unit="map"):
            pool.submit(replace(job, round_first=round_first))
        scores[name] = [each for each in pool.collect() if each is not None]
    return scores


def argument_parser() -> argparse.ArgumentParser:
    """Make the parser of the arguments of :func:`score`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path, help="a folder of maps, or of a folder of maps for each data set")
    parser.add_argument("masks", type=Path, help="likewise, SET or SET/GT; a mask and its map share the name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    parser.add_argument("--curves", type=Path, metavar="DIR", help=f"write {CURVES} and {PLOT} here")
    parser.add_argument("--partial", action="store_true", help="score a set some of whose masks have no map, too")
    parser.add_argument(
        "--round-first",
        action="store_true",
        help="round to 8 bits before resizing a map to its mask, as usual tools do",
    )
    parser.add_argument("--num-workers", type=int, default=0, help="how many processes score")
    add_max_pixels(parser)
    return parser


def score(args: argparse.Namespace) -> None:
    """Print one row for each data set, and write what is asked for.

    Args:
        args: The arguments as :func:`argument_parser` parses them.

    Raises:
        InputError: A folder or file cannot be used, masks have no map, or no mask has one.
    """
    sets = find_sets(args.maps, args.masks, args.max_pixels)
    missing = [path for one in sets.values() for path in one.missing]
    extra = [path for one in sets.values() for path in one.extra]
    if missing and not args.partial:
        raise InputError(f"{len(missing)} masks without a map (--partial leaves them out): {listed(missing)}")
    for problem, paths in (("masks without a map", missing), ("maps without a mask", extra)):
        if paths:
            print(f"left out {len(paths)} {problem}: {listed(paths)}", file=sys.stderr)
    empty = [name for name, one in sets.items() if not one.jobs]
    if empty:
        raise InputError(f"no map of {listed(empty, separator=', ')} has a mask")
    scores = score_sets(sets, args.num_workers, args.round_first)
    for line in [line for name, members in scores.items() for line in doubts(name, members)]:
        print(line, file=sys.stderr)
    rows = {name: summarise(members) for name, members in scores.items()}
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        counted = {
            name: {**row, "images": len(scores[name]), "missing": list(sets[name].missing)}
            for name, row in rows.items()
        }
        args.json.write_text(json.dumps(counted, indent=1) + "\n")
    if args.curves:
        save_curves(args.curves, scores)
    print(table(rows))
