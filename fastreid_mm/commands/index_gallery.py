"""Index the images in a folder for searching: the command ``fastreid-mm-index-gallery``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_model_arguments, predictor_of, tell_left_out
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading
from fastreid_mm.common.shards import shard_of

if TYPE_CHECKING:
    from fastreid_mm.inference.predictor import Predictor
    from fastreid_mm.retrieval.metadata import Metadata
    from fastreid_mm.retrieval.refresh import Plan
    from fastreid_mm.retrieval.samples import Sample
    from fastreid_mm.retrieval.sources import Member
    from fastreid_mm.retrieval.vector_index import VectorIndex

INTERRUPTED = 130
"""Exit status after an interrupt from the keyboard, as shells have it."""


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description="Index the images in a folder. Interrupted, or with more or other images in the folder, the same "
        "command goes on: it embeds the images that are new or were replaced."
    )
    parser.add_argument(
        "--index", required=True, metavar="PATH", help="file, milvus://HOST:PORT/NAME or milvus-lite://FILE.db/NAME"
    )
    parser.add_argument(
        "--kind",
        help="of a new index: FAISS's description (HNSW32; IVF256,Flat) or Milvus's name (HNSW,M=32); default: exact",
    )
    parser.add_argument(
        "--metadata", metavar="F.csv", help="table with a column path and others, by which searches can filter"
    )
    parser.add_argument(
        "--shard",
        default="1/1",
        metavar="I/N",
        help="of N equal parts of the images the I-th, each into an index of its own; edit_index merge joins them",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="processes that index together, as torchrun starts them too",
    )
    parser.add_argument("--prune", action="store_true", help="drop images from the index whose files are gone")
    parser.add_argument("--strict", action="store_true", help="stop at the first image that cannot be read")
    add_model_arguments(parser)
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Add the images that are new or were replaced to the index, and list those left out."""
    args = parse_arguments(arguments)
    require_fastreid()
    require_model_files(args)
    shard_of([], args.shard)  # refuses what is no shard before PyTorch is imported
    if args.processes < 1:
        raise InputError(f"--processes {args.processes} is less than 1")
    say_loading("fastreid")
    from fastreid_mm.engine.launch import launch

    launch(index, args.processes, args=(args,))


def index(args: argparse.Namespace) -> None:
    """Do :func:`main` with parsed arguments, in one process or together with others.

    Several processes embed a part each, and the first collects the parts.
    """
    from fastreid_mm.common.image_files import LeftOut
    from fastreid_mm.engine.together import Together
    from fastreid_mm.retrieval.metadata import Metadata
    from fastreid_mm.retrieval.open_index import open_index
    from fastreid_mm.retrieval.parts import collected, part_path, remove_part
    from fastreid_mm.retrieval.refresh import plan_of
    from fastreid_mm.retrieval.samples import samples_in

    metadata = Metadata(args.metadata) if args.metadata else None
    predictor, left_out = predictor_of(args), LeftOut()
    samples = shard_of(samples_in(args.images, predictor.modalities, left_out), args.shard)
    index = open_index(args.index, predictor, args.kind, create=True)
    had = index.members()
    plan = plan_of(samples, had, index.made)
    done = len(samples) - len(plan.todo)
    together = Together()
    if together.count == 1:
        unreadable, infinite, added = _embed(args, predictor, index, plan.todo, done, metadata)
    else:
        names = [part_path(args.index, rank, together.count) for rank in range(together.count)]
        part = open_index(names[together.rank], predictor, create=True)
        mine = [sample for sample, _ in shard_of(plan.todo, f"{together.rank + 1}/{together.count}")]
        of_part = plan_of(mine, part.members(), part.made)
        left = _embed(args, predictor, part, of_part.todo, len(mine) - len(of_part.todo), None, together.rank > 0)
        part.finish()
        all_left = together.gather(left[:2])
        if together.rank:
            together.wait()
            return
        unreadable, infinite = ([line for each in all_left for line in each[kind]] for kind in (0, 1))
        added = []
        for vectors, members, where in collected(
            [open_index(name, predictor, create=True) for name in names], plan.todo
        ):
            index.add(vectors, _with(metadata, members), where)
            added += where
    _tidy(index, plan, args.prune, had, metadata)
    index.finish()
    if together.count > 1:
        for name in names:
            remove_part(name)
        together.wait()
    if plan.gone and not args.prune:
        gone = f"{len(plan.gone)} images of the index are gone, the first: {index.members()[plan.gone[0]].name}"
        print(printable(f"{gone}; --prune leaves them out"), file=sys.stderr)
    tell_left_out([*unreadable, *infinite], left_out)
    new = added.count(-1)
    facts = [f"{len(index)} images", f"{new} of them new", f"{len(unreadable)} could not be read"]
    others = {
        "replaced": len(added) - new,
        "with features that are not finite": len(infinite),
        "dropped that were there twice": len(plan.doubled),
        "dropped that are gone": len(plan.gone) * args.prune,
    }
    if metadata:
        with_texts = sum(member.metadata is not None for member in index.members())
        facts.append(f"{with_texts} with metadata")
        if not with_texts:
            print(printable(metadata.difference(index.members())), file=sys.stderr)
    facts += [f"{number} {what}" for what, number in others.items() if number]
    print(printable(f"{args.index}: {', '.join(facts)}"))


def _embed(
    args: argparse.Namespace,
    predictor: Predictor,
    index: VectorIndex,
    todo: Sequence[tuple[Sample, int]],
    done: int,
    metadata: Metadata | None,
    quiet: bool = False,
) -> tuple[list[str], list[str], list[int]]:
    """Add samples to an index, or to a part of it.

    Args:
        args: the parsed arguments.
        predictor: makes the features.
        index: the index or the part.
        todo: the samples, each with the place of the row that it replaces, or -1.
        done: number of samples that the progress bar counts as done.
        metadata: the table of metadata.
        quiet: whether there is no progress bar.

    Returns:
        A line for each sample that could not be read, one for each whose feature is not finite, and the places of the
        others.

    Raises:
        InputError: names the first such sample, with ``--strict``.
        SystemExit: there was an interrupt from the keyboard.
    """
    from fastreid_mm.retrieval.embed import finite_features, read_batches
    from fastreid_mm.retrieval.open_index import model_space

    places = {sample.path: place for sample, place in todo}
    space, unreadable, infinite, added = model_space(predictor), list[str](), list[str](), list[int]()
    batches = read_batches(predictor, [sample for sample, _ in todo], unreadable, args.batch_size, done, quiet)
    with interrupts_noted() as interrupted:
        for members, images in batches:
            good, features = finite_features(predictor, members, images, args.modality, infinite, args.batch_size)
            where = [places[member.name] for member in good]
            index.add(space.vectors(features).numpy(), _with(metadata, good), where)
            added += where
            if args.strict and (unreadable or infinite):
                break
            if interrupted():
                kept = len(index.members())
                print(f"interrupted; {kept} images are kept, repeat the command to go on", file=sys.stderr)
                raise SystemExit(INTERRUPTED)
    if args.strict and (unreadable or infinite):
        raise InputError([*unreadable, *infinite][0])
    return unreadable, infinite, added


def _with(metadata: Metadata | None, members: Sequence[Member]) -> Sequence[Member]:
    return [member._replace(metadata=metadata.of(member)) for member in members] if metadata else members


def _tidy(index: VectorIndex, plan: Plan, prune: bool, had: Sequence[Member], metadata: Metadata | None) -> None:
    """Note the state of files and metadata, and drop rows that are there twice or, with ``prune``, gone."""
    noted = {place: had[place]._replace(source=source) for place, source in plan.noted.items()}
    if metadata:
        replaced = {place for _, place in plan.todo}
        for place, member in enumerate(had):
            if place not in replaced and (texts := metadata.of(member)) != member.metadata:
                noted[place] = noted.get(place, member)._replace(metadata=texts)
    if noted:
        index.note(noted)
    dropped = plan.doubled + (plan.gone if prune else [])
    if dropped:
        index.drop(dropped)


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], bool]]:
    """Let a block go on after an interrupt from the keyboard and ask whether there was one; a second one ends it."""
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        signal.signal(number, before)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # no other thread gets signals
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)
