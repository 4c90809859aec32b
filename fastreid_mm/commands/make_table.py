"""Write a table of the images in a folder: the command ``fastreid-mm-make-table``."""

import argparse
import csv
import os
import random
import re
from collections import defaultdict
from pathlib import Path

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed, one_line_errors
from fastreid_mm.common.image_files import LeftOut, images_below
from fastreid_mm.common.image_labels import MODALITIES, SPLITS, Labels, labels_by_names, labels_by_pattern
from fastreid_mm.common.output_place import require_place
from fastreid_mm.common.whole_file import write_whole

COLUMNS = ("path", "identity", "camera", "modality", "split")
EXAMPLE = r"(?P<split>train|test)/(?P<modality>\w+)/(?P<identity>\d+)_c(?P<camera>\d)"


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description="Write a table of the images in a folder, for the data sets Table and AlignedTable, and say what "
        "the names of folders and files were taken for."
    )
    parser.add_argument("folder", help="folder of the images, with any folders in it")
    parser.add_argument("--output", type=Path, required=True, metavar="F.csv", help="CSV to write; must not exist")
    parser.add_argument(
        "--pattern",
        help="regular expression, searched for in the paths below FOLDER, with groups named identity, camera, "
        f"modality, split, sample or as any further column, such as {EXAMPLE}; default: a guess by names",
    )
    parser.add_argument("--aligned", action="store_true", help="the images of a sample show the same moment")
    parser.add_argument(
        "--test", type=float, metavar="SHARE", help="share of the identities to test on, drawn; if names say no split"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of that draw (default: 0)")
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the table, and print its counts, what was left out, and the config keys that use it."""
    args = parse_arguments(arguments)
    require_place(args.output, "--output")
    if args.output.exists():
        raise InputError(f"--output {args.output} exists already")
    left_out = LeftOut()
    rows = labelled_images(args, left_out)
    if args.test is not None:
        draw_splits(rows, args.test, args.seed)
    columns = [*COLUMNS, *(["sample"] if args.aligned else [])]
    columns += sorted({name for row in rows for name in row} - {*COLUMNS, "sample"})
    columns = [name for name in columns if any(row.get(name) for row in rows)]
    write_table(args.output, columns, rows)
    print(printable(f"{args.output}: {len(rows)} images; the first was taken for"))
    print(printable("  " + ", ".join(f"{name} {rows[0].get(name) or 'unknown'}" for name in columns)))
    for line in [*counts(rows), *remarks(rows, args.aligned, left_out), use(args.output, rows, args.aligned)]:
        print(printable(line))


def labelled_images(args: argparse.Namespace, left_out: LeftOut) -> list[Labels]:
    """Return the labels of all images in the folder that have an identity and a split, with paths from the output.

    Raises:
        InputError: the folder or the pattern cannot be used, or no image has an identity and a split.
    """
    images = {
        os.path.relpath(path, args.folder).replace(os.sep, "/"): path for path in images_below(args.folder, left_out)
    }
    if not images:
        raise InputError(f"no images in folder {args.folder}")
    found = labels_by_pattern(images, _compiled(args.pattern)) if args.pattern else labels_by_names(images)
    rows, folder = [], args.output.absolute().parent
    for name, path in images.items():
        labels = found.get(name, {})
        labels["split"] = SPLITS.get(labels.get("split", "").lower(), labels.get("split", ""))
        if not args.aligned and labels.get("modality"):
            labels["modality"] = MODALITIES.get(labels["modality"].lower(), labels["modality"])
        reason = _reason(name, labels, args) if found.get(name) is not None else "the pattern is not in its path"
        if reason:
            left_out.add(path, reason)
        else:
            rows.append(labels | {"path": os.path.relpath(path, folder)})
    if not rows:
        hint = "" if args.test is not None else "; if names say no split, --test 0.5 draws half of the identities"
        raise InputError(f"no image of {args.folder} has an identity and a split; {left_out}{hint}")
    return rows


def _compiled(pattern: str) -> re.Pattern:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"--pattern {pattern!r} is no regular expression: {error}") from None
    if "identity" not in compiled.groupindex or "path" in compiled.groupindex:
        raise InputError(f"--pattern {pattern!r} needs a group (?P<identity>...), and none called path; as {EXAMPLE}")
    return compiled


def _reason(name: str, labels: Labels, args: argparse.Namespace) -> str:
    """Tell why an image is left out; empty if it is taken."""
    if "\n" in name or "\r" in name:
        return "a line break in its name"
    if not labels.get("identity"):
        return "no identity in its path"
    if args.test is None and labels["split"] not in SPLITS.values():
        return (
            f"split {labels['split']!r} is not one of {', '.join(SPLITS)}"
            if labels["split"]
            else "no split in its path"
        )
    if args.aligned and not (labels.get("modality") and labels.get("sample")):
        return "no modality or sample in its path"
    return ""


def draw_splits(rows: list[Labels], share: float, seed: int) -> None:
    """Draw a share of the identities for testing, and set the splits of all rows.

    Raises:
        InputError: the share leaves no identity for training or for testing.
    """
    identities = sorted({row["identity"] for row in rows} - {"-1"})
    number = round(share * len(identities))
    if not 0 < number < len(identities):
        raise InputError(f"--test {share} of {len(identities)} identities leaves none to train or to test on")
    tested = {*random.Random(seed).sample(identities, number), "-1"}
    for row in rows:
        row["split"] = "test" if row["identity"] in tested else "train"


def write_table(path: Path, columns: list[str], rows: list[Labels]) -> None:
    """Write a table whole or not at all; bytes of names that are not UTF-8 are kept.

    Raises:
        WriteError: the file cannot be written.
    """

    def write(part: str) -> None:
        with Path(part).open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(columns)
            table.writerows([row.get(name, "") for name in columns] for row in rows)

    write_whole(str(path), write)


def counts(rows: list[Labels]) -> list[str]:
    """Count images, identities and cameras of each split, and its images of each modality."""
    lines = []
    for split in dict.fromkeys(SPLITS.values()):
        chosen = [row for row in rows if row["split"] == split]
        cameras = {row["camera"] for row in chosen if row.get("camera")}
        kinds = sorted({row["modality"] for row in chosen if row.get("modality")})
        modalities = [f"{sum(row.get('modality') == kind for row in chosen)} {kind}" for kind in kinds]
        numbers = [f"{len({row['identity'] for row in chosen})} identities", f"{len(cameras) or 'no'} cameras"]
        if chosen:
            lines.append(f"  {split}: {len(chosen)} images, {', '.join([*numbers, *modalities])}")
    return lines


def remarks(rows: list[Labels], aligned: bool, left_out: LeftOut) -> list[str]:
    """Say what stands in the way of using the table, and what it lacks."""
    lines = []
    members = defaultdict(set)
    for row in rows:
        members[row["split"] == "train"].add(row["identity"])
    both = sorted(members[True] & members[False])
    if both:
        lines.append(f"trained on and tested: {len(both)} identities: {listed(both, 5, ', ')}")
    group = "sample" if aligned else "identity"
    kinds, chosen = defaultdict(set), [row for row in rows if aligned or row["split"] == "train"]
    for row in chosen:
        kinds[row[group]].add(row.get("modality", ""))
    every = set().union(*kinds.values())
    lacking = [f"{name} ({', '.join(sorted(every - some)) or 'none'})" for name, some in kinds.items() if some != every]
    if lacking:
        what = "samples" if aligned else "training identities"
        lines.append(f"{what} that lack a modality: {len(lacking)}: {listed(lacking, 5, ', ')}; not trained on")
    for column in ("camera", "modality"):
        unknown = sum(not row.get(column) for row in rows)
        if 0 < unknown < len(rows):
            lines.append(f"images of unknown {column}: {unknown}; fill the cells or delete the column")
    if left_out.found:
        lines.append(f"{left_out}")
    return lines


def use(path: Path, rows: list[Labels], aligned: bool) -> str:
    """Return the config keys with which the table is trained and tested on."""
    name = "AlignedTable" if aligned else "Table"
    keys = f"DATASETS.NAMES \"('{name}',)\" DATASETS.TESTS \"('{name}',)\" DATASETS.TABLE.FILE {path}"
    if not all(row.get("camera") for row in rows):
        keys += " DATASETS.TABLE.RULE none"
    if aligned:
        keys += f' DATASETS.ALIGNED.MODALITIES "{tuple(sorted({row["modality"] for row in rows}))}"'
    return f"use it with {keys}"
