"""Index the images in a folder, to be searched: the command ``fastreid-mm-index-gallery``."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastreid_mm.commands.hosts import require_fastreid
from fastreid_mm.commands.model_arguments import add_model_arguments, predictor_of
from fastreid_mm.errors import InputError, one_line_errors

INTERRUPTED = 130
"""Exit status after an interrupt from the keyboard, as shells have it."""


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description="Index the images in a folder. Interrupted, or with more images in the folder, the same command "
        "goes on: it embeds what is not in the index yet."
    )
    parser.add_argument(
        "--index", required=True, metavar="PATH", help="a file, milvus://HOST:PORT/NAME or milvus-lite://FILE.db/NAME"
    )
    parser.add_argument(
        "--kind",
        help="of a new index: FAISS's description (HNSW32; IVF256,Flat) or Milvus's name (HNSW,M=32); default: exact",
    )
    parser.add_argument("--strict", action="store_true", help="stop at the first image that cannot be read")
    add_model_arguments(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Embed the images that are not in the index yet, and put them there; list those that cannot be read.

    Args:
        arguments: see ``--help``, or none for those of the command line.

    Raises:
        SystemExit: with status 2 and one line on standard error for whatever the user can put right, with 130 after
            an interrupt.
    """
    args = parse_arguments(arguments)
    with one_line_errors():
        require_fastreid()
        index_gallery(args)


def index_gallery(args: argparse.Namespace) -> None:
    """:func:`main` on parsed arguments.

    Raises:
        InputError: whatever the user can put right.
    """
    from fastreid_mm.retrieval.embed import read_batches
    from fastreid_mm.retrieval.open_index import model_space, open_index
    from fastreid_mm.retrieval.samples import samples_in

    predictor = predictor_of(args)
    samples = samples_in(args.images, predictor.modalities)
    index = open_index(args.index, predictor, args.kind, create=True)
    known = index.known()
    new = [sample for sample in samples if sample.path not in known]
    space, unreadable = model_space(predictor), list[str]()
    done = len(samples) - len(new)
    with interrupts_noted() as interrupted:
        for paths, images in read_batches(predictor, new, unreadable, args.batch_size, done):
            features = predictor.features(images, args.modality, args.batch_size)
            index.add(space.vectors(features).numpy(), paths)
            if args.strict and unreadable:
                break
            if interrupted():
                print(
                    f"interrupted; {len(index.known())} images are kept, repeat the command to go on", file=sys.stderr
                )
                raise SystemExit(INTERRUPTED)
    if args.strict and unreadable:
        raise InputError(unreadable[0])
    index.finish()
    for line in unreadable:
        print(f"left out: {line}", file=sys.stderr)
    count = len(new) - len(unreadable)
    print(f"{args.index}: {len(index)} images, {count} of them new, {len(unreadable)} could not be read")


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], bool]]:
    """Let the block go on after an interrupt from the keyboard, and ask whether there was one; a second one ends it."""
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


if __name__ == "__main__":
    main()
