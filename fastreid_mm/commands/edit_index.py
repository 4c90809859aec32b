"""List, check, shorten or join indexes, without the network: the command ``fastreid-mm-edit-index``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from fastreid_mm.commands.early_checks import require_index
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed, one_line_errors

if TYPE_CHECKING:
    from fastreid_mm.retrieval.sources import Member
    from fastreid_mm.retrieval.vector_index import VectorIndex

DIFFERS = 1
"""Exit status of ``verify`` if images are gone or were changed."""
_ROWS = 8192
"""Number of rows that are read at a time."""


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description=f"{__doc__.partition(':')[0]}.",
        epilog="list and remove take --where, remove also --images and --gone, merge takes --kind: see ACTION --help",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="print the images and their metadata")
    verify = actions.add_parser("verify", help="check the files of the index, its numbers, and its images by content")
    remove = actions.add_parser("remove", help="remove images by name, by metadata, or those whose files are gone")
    merge = actions.add_parser("merge", help="add the images of other indexes of the same model")
    for action in (listing, verify, remove, merge):
        action.add_argument(
            "index", metavar="INDEX", help="file, milvus://HOST:PORT/NAME or milvus-lite://FILE.db/NAME"
        )
    for action in (listing, remove):
        action.add_argument(
            "--where", nargs="+", default=[], metavar="CONDITION", help="only images whose metadata meet all: camera=3"
        )
    remove.add_argument(
        "--images", nargs="+", default=[], metavar="PATTERN", help="names in the index, in which * is any text"
    )
    remove.add_argument("--gone", action="store_true", help="images whose files are gone")
    merge.add_argument("others", nargs="+", metavar="OTHER", help="indexes to add; they stay as they are")
    merge.add_argument("--kind", help="kind of INDEX if it does not exist; default: that of the first other")
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Do what the first argument says, and print what was done.

    The status is 1 if ``verify`` finds images that are gone or were changed.
    """
    args = parse_arguments(arguments)
    for index in args.others if args.action == "merge" else [args.index]:
        require_index(index)
    ACTIONS[args.action](args)


def list_images(args: argparse.Namespace) -> None:
    """Print the chosen images of an index with their metadata, and what the index is."""
    from fastreid_mm.retrieval.metadata import meeting
    from fastreid_mm.retrieval.open_index import open_of

    index = open_of(args.index)
    members = index.members()
    for place in meeting(members, args.where).tolist() if args.where else range(len(members)):
        texts = [f"{name}={text}" for name, text in (members[place].metadata or {}).items()]
        print(printable("  ".join([members[place].name, *texts])))
    waiting = f", {index.waiting} not searched until index_gallery is repeated" if index.waiting else ""
    made = f"{index.identity.architecture}, compared by {index.identity.space}, {index.identity.size} numbers a row"
    print(printable(f"{args.index}: {len(members)} images{waiting}; kind {index.kind}; made with {made}"))


def verify(args: argparse.Namespace) -> None:
    """Compare an index with its checksums, and its images with those that were indexed."""
    import numpy as np

    from fastreid_mm.retrieval.open_index import open_of
    from fastreid_mm.retrieval.sources import state_of

    index = open_of(args.index)  # which compares checksums
    members = index.members()
    for start in range(0, len(index), _ROWS):
        rows = index.rows(np.arange(start, min(start + _ROWS, len(index))))
        if not np.isfinite(rows).all():
            raise InputError(f"{args.index}: rows {start} to {start + len(rows) - 1} have numbers that are not finite")
    states = [(member.name, state_of(member)) for member in members]
    wrong = [f"{name} {state}" for name, state in states if state]
    for line in wrong:
        print(printable(line), file=sys.stderr)
    counts = ", ".join(
        f"{sum(state == kind for _, state in states)} {word}"
        for kind, word in (("was changed", "changed since"), ("is gone", "gone"))
    )
    unknown = sum(member.source is None for member in members)
    said = f", {unknown} of an earlier version without a checksum" if unknown else ""
    print(printable(f"{args.index}: whole, {len(members)} images, {counts}{said}"))
    if wrong:
        raise SystemExit(DIFFERS)


def remove(args: argparse.Namespace) -> None:
    """Remove images from an index.

    Raises:
        InputError: no condition is given, or a pattern or condition fits no image.
    """
    from fastreid_mm.retrieval.metadata import meeting
    from fastreid_mm.retrieval.open_index import open_of
    from fastreid_mm.retrieval.sources import place_of

    if not (args.images or args.where or args.gone):
        raise InputError("remove: say which images by --images, --where or --gone")
    index = open_of(args.index)
    members = index.members()
    places = set(meeting(members, args.where).tolist()) if args.where else set(range(len(members)))
    if args.images:
        places &= _named(members, args.images)
    if args.gone:
        places = {place for place in places if not place_of(members[place])}
    if places:
        index.drop(sorted(places))
        index.finish()
    print(printable(f"{args.index}: {len(places)} images removed, {len(index)} left"))


def _named(members: Sequence[Member], patterns: Sequence[str]) -> set[int]:
    names = [member.name for member in members]
    found = {pattern: {place for place, name in enumerate(names) if fnmatchcase(name, pattern)} for pattern in patterns}
    missing = [pattern for pattern, places in found.items() if not places]
    if missing:
        raise InputError(
            f"--images: no image of the index is called {listed([repr(name) for name in missing], 5, ', ')}"
        )
    return set.union(*found.values())


def merge(args: argparse.Namespace) -> None:
    """Add the images of other indexes to an index, which is made if there is none.

    Of images that are in several, the row of the first stays.

    Raises:
        InputError: an index cannot be used, or is not finished or of another model than the first.
    """
    from fastreid_mm.retrieval.open_index import open_of

    others = [open_of(other) for other in args.others]
    for name, other in zip(args.others, others):
        if other.waiting:
            raise InputError(f"{name} was not finished: repeat its index_gallery")
    index = open_of(args.index, others[0].identity, _kind(args, others[0]), create=True)
    known = {_key(member) for member in index.members()}
    before, doubled = len(known), 0
    for name, other in zip(args.others, others):
        if other.identity != index.identity:
            open_of(name, index.identity)  # says in what it differs
        for vectors, members in _new_rows(other, known):
            index.add(vectors, members)
        doubled += len(other)
    index.finish()
    added = len(known) - before
    print(printable(f"{args.index}: {len(index)} images, {added} of them new, {doubled - added} were there already"))


def _kind(args: argparse.Namespace, other: VectorIndex) -> str | None:
    """Return the kind of an index to be made: FAISS and Milvus have different names for them."""
    same = ("milvus" in args.index.partition("://")[0]) == ("milvus" in args.others[0].partition("://")[0])
    return args.kind or (None if not same or _exists(args.index) else other.kind)


def _exists(location: str) -> bool:
    from fastreid_mm.retrieval.open_index import open_of

    if "://" not in location:
        return Path(location).exists()
    try:
        open_of(location)
    except InputError:
        return False
    return True


def _new_rows(index: VectorIndex, known: set[str]) -> Iterator[tuple]:
    """Yield vectors and members of the rows whose images are not known yet, which then are."""
    import numpy as np

    members = index.members()
    for start in range(0, len(members), _ROWS):
        new = []
        for place in range(start, min(start + _ROWS, len(members))):
            if (key := _key(members[place])) not in known:
                known.add(key)
                new.append(place)
        if new:
            yield index.rows(np.array(new)), [members[place] for place in new]


def _key(member: Member) -> str:
    return member.source.key if member.source else member.name


ACTIONS = {"list": list_images, "verify": verify, "remove": remove, "merge": merge}
