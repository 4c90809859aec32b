"""Scores of a folder of saliency maps, of any origin, against a folder of masks."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut, list_folder
from fastreid_mm.common.output_place import make_folder, require_place
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.saliency.paired_folders import files_by_name
from fastreid_mm.saliency.saliency_scores import Scores, doubts, summarise
from fastreid_mm.saliency.score_job import JobPool, score_file
from fastreid_mm.saliency.sod_report import save_curves, table

MASKS = "GT"
"""Name of the folder of masks in the folder of a data set, as in D3Net's layout."""


@dataclass(frozen=True)
class MapSet:
    """Maps of one data set and their masks.

    Attributes:
        pairs: the paths of map and mask, for each mask that has a map.
        missing: the paths of the masks without a map.
        extra: the paths of the maps without a mask.
        suffix: the end of the maps' names after the masks' names.
    """

    pairs: Sequence[tuple[str, str]]
    missing: Sequence[str]
    extra: Sequence[str]
    suffix: str = ""


@dataclass(frozen=True)
class FoundSets:
    """Content of a folder of maps and a folder of masks.

    Attributes:
        sets: the sets in both, by the name of the folder of maps.
        without_masks: the folders of maps without a folder of masks.
        without_maps: the folders of masks without a folder of maps.
        others: files that are no images, and the like.
    """

    sets: Mapping[str, MapSet]
    without_masks: Sequence[str]
    without_maps: Sequence[str]
    others: LeftOut


def find_sets(maps: Path, masks: Path, suffix: str | None = None, mask_suffix: str | None = None) -> FoundSets:
    """Pair the files of two folders by their names up to the suffix.

    Args:
        maps: a folder of maps, or of one folder of maps for each data set, as ``test_sod.py --out`` writes them.
        masks: the folder of the masks, or of as many, SET or SET/GT by the same names in any case.
        suffix: the end of the maps' names after the masks' names, as "_sal". By default nothing, or the common
            end in a set.
        mask_suffix: the end of the masks' names, as "-gt", which the maps do not have.

    Raises:
        InputError: a folder holds no images, or no folder of maps has the name of a folder of masks.
    """
    others, ignored = LeftOut(), LeftOut()
    of_maps, single = list_folder(str(maps), others)
    of_masks, _ = list_folder(str(masks), ignored)
    by_name = {name.lower(): name for name in of_masks}
    pairs = {name: name if name in of_masks else by_name.get(name.lower()) for name in of_maps}
    matches = {name: mask for name, mask in pairs.items() if mask is not None}
    if single and not matches or not of_maps:
        others = LeftOut()
        return FoundSets({maps.resolve().name: _pair(maps, masks, others, suffix, mask_suffix)}, [], [], others)
    if not matches:
        folders = listed([str(maps / name) for name in of_maps], separator=", ")
        raise InputError(f"{masks} has no folder of the name of a folder in {maps}: {folders}")
    for name in single:
        others.add(str(maps / name), "a file beside the folders of the sets")
    sets = {name: _pair(maps / name, masks / mask, others, suffix, mask_suffix) for name, mask in matches.items()}
    without_masks = [str(maps / name) for name in of_maps if name not in matches]
    without_maps = [str(masks / name) for name in of_masks if name not in matches.values()]
    return FoundSets(sets, without_masks, without_maps, others)


def _pair(maps: Path, masks: Path, others: LeftOut, suffix: str | None, mask_suffix: str | None) -> MapSet:
    """Pair the files of one set.

    Raises:
        InputError: no map has the name of a mask.
    """
    map_files = files_by_name(maps, "maps", others)
    mask_files = files_by_name(masks / MASKS if (masks / MASKS).is_dir() else masks, "masks", others, mask_suffix)
    if suffix is None:
        suffix = _common_suffix(map_files, mask_files)
    names = {name: name.removesuffix(suffix) if name.endswith(suffix) else "" for name in map_files}
    paths = {bare: map_files[name] for name, bare in names.items() if bare in mask_files}
    if not paths:
        raise InputError(
            f"no map of {maps} has the name of a mask: maps as {next(iter(map_files.values()))}, masks as "
            f"{next(iter(mask_files.values()))}; --suffix _sal says that the map of a mask A is called A_sal, "
            "--mask-suffix=-gt that its mask is called A-gt"
        )
    return MapSet(
        [(paths[name], path) for name, path in mask_files.items() if name in paths],
        [path for name, path in mask_files.items() if name not in paths],
        [path for name, path in map_files.items() if names[name] not in paths],
        suffix,
    )


def _common_suffix(map_files: Mapping[str, str], mask_files: Mapping[str, str]) -> str:
    """Return the common end of all maps' names after the names of masks; empty if a map has the name of a mask."""
    if not map_files.keys().isdisjoint(mask_files):
        return ""
    first = next(iter(map_files))
    ends = [first[len(name) :] for name in mask_files if first.startswith(name)]
    fitting = [
        end for end in ends if all(name.endswith(end) and name.removesuffix(end) in mask_files for name in map_files)
    ]
    return fitting[0] if len(fitting) == 1 else ""


def score_sets(
    sets: Mapping[str, MapSet], num_workers: int, max_pixels: int, round_first: bool
) -> dict[str, list[Scores]]:
    """Score all maps of all sets; with ``round_first``, maps of another size than their masks are rounded first.

    Raises:
        InputError: a file cannot be read.
    """
    pool, scores = JobPool(num_workers), {}
    for name, one in sets.items():
        for path, mask in tqdm(one.pairs, desc=name, unit="map"):
            pool.submit(partial(score_file, path, mask, max_pixels, round_first))
        scores[name] = [each for each in pool.collect() if each is not None]
    return scores


def score(args: argparse.Namespace) -> None:
    """Print one row for each data set, and write the files that the arguments name.

    Args:
        args: the arguments as ``score_parser`` of the commands parses them, of two folders.

    Raises:
        InputError: a folder or file cannot be used, masks or sets have no maps and ``--partial`` is not given, or no
            mask of a set has one.
    """
    if args.json:
        require_place(args.json, "--json", make=True)
    if args.curves:
        make_folder(args.curves, "--curves")
    found = find_sets(args.maps, args.masks, args.suffix, args.mask_suffix)
    sets = found.sets
    lacking = {
        "sets of masks without maps": found.without_maps,
        "sets of maps without masks": found.without_masks,
        "masks without a map": [path for one in sets.values() for path in one.missing],
    }
    extra = [path for one in sets.values() for path in one.extra]
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
    scores = score_sets(sets, args.num_workers, args.max_pixels, args.round_first)
    for line in [line for name, members in scores.items() for line in doubts(name, members)]:
        print(printable(line), file=sys.stderr)
    rows = {name: summarise(members) for name, members in scores.items()}
    counts = [f"{len(paths)} {problem}" for problem, paths in left_out.items() if paths]
    if args.json:
        counted = {
            name: {**row, "images": len(scores[name]), "missing": sets[name].missing} for name, row in rows.items()
        }
        write_text(str(args.json), json.dumps(counted, indent=1) + "\n")
    if args.curves:
        save_curves(args.curves, scores)
    print(table(rows))
    saved = " and ".join(str(path) for path in (args.json, args.curves) if path)
    told = f"{sum(map(len, scores.values()))} maps scored; left out: {', '.join(counts) or 'nothing'}"
    print(printable(told + (f"; saved in {saved}" if saved else "")))
