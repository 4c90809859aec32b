"""Scores of saliency maps that lie in a folder, whoever made them, against a folder of masks."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from fastreid_mm.common.image_files import LeftOut, list_folder
from fastreid_mm.common.output_place import make_folder, require_place
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.console import printable
from fastreid_mm.errors import InputError, listed
from fastreid_mm.whole_file import write_text
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
        suffix: What the names of the maps have after those of the masks.
    """

    jobs: Sequence[FileJob]
    missing: Sequence[str]
    extra: Sequence[str]
    suffix: str = ""


@dataclass(frozen=True)
class FoundSets:
    """All that lies in a folder of maps and one of masks.

    Attributes:
        sets: The sets of both, by the name of the folder of maps.
        without_masks: The folders of maps that have none of masks.
        without_maps: The folders of masks that have none of maps.
        others: Files that are no images, and the like.
    """

    sets: Mapping[str, MapSet]
    without_masks: Sequence[str]
    without_maps: Sequence[str]
    others: LeftOut


def find_sets(maps: Path, masks: Path, suffix: str | None = None, max_pixels: int = MAX_PIXELS) -> FoundSets:
    """Pair the files of two folders by their names up to the suffix.

    Args:
        maps: A folder of maps, or of one folder of maps for each data set, as ``test_sod.py --out`` writes them.
        masks: The folder of the masks, or of as many, SET or SET/GT by the same names in any case.
        suffix: What the names of the maps have after those of the masks, as "_sal". By default nothing, or what all of
            a set have.
        max_pixels: How many pixels a file may have.

    Raises:
        InputError: A folder is missing or holds no images, or no folder of the one has its name in the other.
    """
    for folder, what in ((maps, "maps"), (masks, "masks")):
        if not folder.is_dir():
            raise InputError(f"{what} {folder} is not a folder")
    others, ignored = LeftOut(), LeftOut()
    of_maps, single = list_folder(str(maps), others)
    of_masks, _ = list_folder(str(masks), ignored)
    by_name = {name.lower(): name for name in of_masks}
    pairs = {name: name if name in of_masks else by_name.get(name.lower()) for name in of_maps}
    found = {name: mask for name, mask in pairs.items() if mask is not None}
    if single and not found or not of_maps:
        others = LeftOut()
        return FoundSets({maps.resolve().name: _pair(maps, masks, others, suffix, max_pixels)}, [], [], others)
    if not found:
        folders = listed([str(maps / name) for name in of_maps], separator=", ")
        raise InputError(f"{masks} has no folder of the name of a folder in {maps}: {folders}")
    for name in single:
        others.add(str(maps / name), "a file beside the folders of the sets")
    sets = {name: _pair(maps / name, masks / mask, others, suffix, max_pixels) for name, mask in found.items()}
    without_masks = [str(maps / name) for name in of_maps if name not in found]
    return FoundSets(
        sets, without_masks, [str(masks / name) for name in of_masks if name not in found.values()], others
    )


def _pair(maps: Path, masks: Path, others: LeftOut, suffix: str | None, max_pixels: int) -> MapSet:
    """Pair the files of one set.

    Raises:
        InputError: No map has the name of a mask.
    """
    given = files_by_name(maps, "maps", others)
    wanted = files_by_name(masks / MASKS if (masks / MASKS).is_dir() else masks, "masks", others)
    if suffix is None:
        suffix = _common_suffix(given, wanted)
    names = {name: name.removesuffix(suffix) if name.endswith(suffix) else "" for name in given}
    paths = {bare: given[name] for name, bare in names.items() if bare in wanted}
    if not paths:
        raise InputError(
            f"no map of {maps} has the name of a mask: maps as {next(iter(given.values()))}, masks as "
            f"{next(iter(wanted.values()))}; --suffix _sal says that the map of a mask A is called A_sal"
        )
    return MapSet(
        [FileJob(paths[name], path, max_pixels) for name, path in wanted.items() if name in paths],
        [path for name, path in wanted.items() if name not in paths],
        [path for name, path in given.items() if names[name] not in paths],
        suffix,
    )


def _common_suffix(given: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Return what the names of all maps have after the name of a mask; nothing if a map has the name of a mask."""
    if not given.keys().isdisjoint(wanted):
        return ""
    first = next(iter(given))
    ends = [first[len(name) :] for name in wanted if first.startswith(name)]
    fitting = [end for end in ends if all(name.endswith(end) and name.removesuffix(end) in wanted for name in given)]
    return fitting[0] if len(fitting) == 1 else ""


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
    parser.add_argument("--partial", action="store_true", help="score what has map and mask, and leave out the rest")
    parser.add_argument("--suffix", help="what names of maps have after those of masks, as _sal, if not all have it")
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
        InputError: A folder or file cannot be used, masks or sets have no maps and ``--partial`` is not given, or no
            mask of a set has one.
    """
    if args.json:
        require_place(args.json, "--json", make=True)
    if args.curves:
        make_folder(args.curves, "--curves")
    found = find_sets(args.maps, args.masks, args.suffix, args.max_pixels)
    sets = found.sets
    missing = [path for one in sets.values() for path in one.missing]
    extra = [path for one in sets.values() for path in one.extra]
    lacking = {
        "sets of masks without maps": found.without_maps,
        "sets of maps without masks": found.without_masks,
        "masks without a map": missing,
    }
    for problem, paths in lacking.items():
        if paths and not args.partial:
            raise InputError(f"{len(paths)} {problem} (--partial leaves them out): {listed(paths)}")
    left_out = {**lacking, "maps without a mask": extra, "other files": found.others.found}
    for problem, paths in left_out.items():
        if paths:
            print(printable(f"left out {len(paths)} {problem}: {listed(paths)}"), file=sys.stderr)
    for name, one in sets.items():
        if one.suffix:
            print(f"{name}: the map of a mask A is called A{one.suffix}", file=sys.stderr)
    scores = score_sets(sets, args.num_workers, args.round_first)
    for line in [line for name, members in scores.items() for line in doubts(name, members)]:
        print(printable(line), file=sys.stderr)
    rows = {name: summarise(members) for name, members in scores.items()}
    counts = [f"{len(paths)} {problem}" for problem, paths in left_out.items() if paths]
    if args.json:
        counted = {
            name: {**row, "images": len(scores[name]), "missing": list(sets[name].missing)}
            for name, row in rows.items()
        }
        write_text(str(args.json), json.dumps(counted, indent=1) + "\n")
    if args.curves:
        save_curves(args.curves, scores)
    print(table(rows))
    print(f"{sum(map(len, scores.values()))} maps scored; left out: {', '.join(counts) or 'nothing'}")
