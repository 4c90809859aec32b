"""Time a search of an index beside FAISS called directly and a plain NumPy loop, with the memory of each, and measure
the recall of approximate kinds and of CMT's candidates.

Features are random: identities, and four images around each. Every way runs in a separate process, in turn with the
others, and reads its input from the disk; times are medians, memory is the peak of a process.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import faiss
import numpy as np
import torch

from fastreid_mm.evaluation import QueryAdaptiveFeature, pairwise_distance, query_adaptive_distance
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.search import Ranked, scan, search
from fastreid_mm.retrieval.spaces import PlainSpace, QueryAdaptiveSpace, Space

TOP, PARTS, BATCH = 10, 6, 1024
FEATURES = ("gallery.npy", "query.npy")


def draw(folder: Path, rows: int, columns: int, queries: int) -> None:
    """Write (rows, columns) gallery and (queries, columns) query features."""
    random = np.random.default_rng(0)
    people = random.standard_normal((-(-rows // 4), columns), dtype=np.float32)
    gallery = np.lib.format.open_memmap(folder / FEATURES[0], "w+", np.float32, (rows, columns))
    for start in range(0, rows, BATCH):
        ids = np.arange(start, min(start + BATCH, rows)) // 4
        gallery[start : start + BATCH] = people[ids] + random.standard_normal((len(ids), columns), dtype=np.float32)
    targets = people[random.integers(0, len(people), queries)]
    np.save(folder / FEATURES[1], targets + random.standard_normal(targets.shape, dtype=np.float32))


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Open the gallery, read from the disk as it is used, and read the query features."""
    return np.load(folder / FEATURES[0], mmap_mode="r"), np.load(folder / FEATURES[1])


def index_in(folder: Path, space: Space, size: int, kind: str | None = None, effort: str = "") -> FaissIndex:
    identity = Identity("any", space.name, size, "", "")
    return FaissIndex(name_of(folder, space, kind), identity, kind, space.inner_product, effort)


def name_of(folder: Path, space: Space, kind: str | None) -> Path:
    return folder / f"{space.name}-{(kind or 'Flat').replace(',', '-')}.index"


def make(folder: Path, space: Space, kind: str | None = None) -> None:
    """Index the gallery as ``index_gallery`` does, writing each batch to the disk."""
    gallery, _ = read(folder)
    index = index_in(folder, space, space.vectors(torch.zeros(1, gallery.shape[1])).shape[1], kind)
    for start in range(0, len(gallery), BATCH):
        vectors = space.vectors(torch.from_numpy(gallery[start : start + BATCH].copy())).numpy()
        index.add(vectors, [str(place) for place in range(start, start + len(vectors))])
    index.finish()


def make_by_hand(folder: Path) -> None:
    gallery, _ = read(folder)
    index = faiss.IndexFlatL2(gallery.shape[1])
    for start in range(0, len(gallery), BATCH):
        index.add(np.ascontiguousarray(gallery[start : start + BATCH]))
    faiss.write_index(index, str(folder / "by_hand.index"))


def plain(query: torch.Tensor, gallery: torch.Tensor) -> torch.Tensor:
    return pairwise_distance(query, gallery, "euclidean")


def ask(folder: Path, kind: str | None = None, effort: str = "") -> np.ndarray:
    """Search an index as ``search_gallery`` does, and return places (Nq, TOP)."""
    space, query = PlainSpace("euclidean"), read(folder)[1]
    index = index_in(folder, space, query.shape[1], kind, effort)
    return search(index, space, plain, torch.from_numpy(query), TOP).places


def ask_by_hand(folder: Path) -> np.ndarray:
    return faiss.read_index(str(folder / "by_hand.index")).search(read(folder)[1], TOP)[1]


def ask_in_a_loop(folder: Path) -> np.ndarray:
    gallery, query = np.load(folder / FEATURES[0]), read(folder)[1]
    squares = np.einsum("nd,nd->n", gallery, gallery)
    places = []
    for each in query:
        distance = squares - 2 * (gallery @ each)
        nearest = np.argpartition(distance, TOP)[:TOP]
        places.append(nearest[np.argsort(distance[nearest])])
    return np.array(places)


def measured(way: Callable, folder: Path) -> tuple[float, float, np.ndarray | None]:
    """Return the seconds that a way takes, the peak memory of this process in GiB, and what the way returns."""
    start = time.perf_counter()
    places = way(folder)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, places


def in_a_process(way: Callable, folder: Path) -> tuple[float, float, np.ndarray | None]:
    """Do :func:`measured` in a process of its own."""
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        return pool.submit(measured, way, folder).result()


def compare(ways: dict[str, Callable], folder: Path, repeats: int) -> None:
    """Print seconds and memory of each way beside those of the first; all must return the same places."""
    runs: dict[str, list] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            runs[name].append(in_a_process(way, folder))
    first = next(iter(runs.values()))
    for name, run in runs.items():
        seconds, memory = median(each[0] for each in run), median(each[1] for each in run)
        ratio = median(each[0] / other[0] for each, other in zip(run, first))
        same = "" if run[0][2] is None else f", {np.mean(run[0][2] == first[0][2]):.2%} the same places"
        print(f"{name:32} {seconds:8.2f} s, {ratio:6.2f} times the first, {memory:5.2f} GiB{same}", flush=True)


def timed(ask: Callable[..., Ranked], *arguments: object) -> tuple[float, np.ndarray]:
    """Return the seconds of a search and the places that it finds."""
    start = time.perf_counter()
    places = ask(*arguments).places
    return time.perf_counter() - start, places


def recall(found: np.ndarray, best: np.ndarray) -> float:
    return float(np.mean([np.isin(row, places).mean() for row, places in zip(best, found)]))


def compare_kinds(folder: Path, kinds: list[str]) -> None:
    """Print, for each kind of index, its size, the cost of making it and of a search, and the recall."""
    space = PlainSpace("euclidean")
    best = ask(folder)
    for each in kinds:
        kind, _, effort = each.partition(":")
        path = name_of(folder, space, kind)
        if not path.exists():
            seconds, memory, _ = in_a_process(partial(make, space=space, kind=kind), folder)
            print(
                f"{kind:16} made in {seconds:6.1f} s, {memory:5.2f} GiB, {path.stat().st_size / 2**20:.0f} MiB on disk"
            )
        seconds, memory, places = in_a_process(partial(ask, kind=kind, effort=effort), folder)
        assert places is not None
        print(
            f"{kind:16} {effort:12} {seconds:6.2f} s, {memory:5.2f} GiB, recall@{TOP} {recall(places, best):.4f}",
            flush=True,
        )


def compare_candidates(folder: Path, rows: int, columns: int, queries: int, candidates: list[int]) -> None:
    """Print the time of CMT's exact searches, and time and recall of a search among candidates by the cosine."""
    draw(folder, rows, columns // PARTS * (PARTS + 2), queries)
    make(folder, QueryAdaptiveSpace(PARTS, "euclidean"))
    query = torch.from_numpy(read(folder)[1])
    asking = QueryAdaptiveFeature.unpack(query, PARTS)
    query = asking._replace(scale=1 + 0.3 * asking.scale, shift=0.3 * asking.shift).pack()
    for metric, numbers in (("euclidean", [0]), ("cosine", candidates)):
        space, ask_all = QueryAdaptiveSpace(PARTS, metric), partial(query_adaptive, metric)
        index = index_in(folder, space, columns + columns // PARTS)
        seconds, best = timed(scan, index, space, ask_all, query, TOP)
        print(f"CMT, {metric}, every row compared {seconds:8.2f} s", flush=True)
        for number in numbers:
            seconds, places = timed(search, index, space, ask_all, query, TOP, number)
            print(f"CMT, {metric}, {number or TOP + 16} candidates {seconds:8.2f} s, recall {recall(places, best):.4f}")


def query_adaptive(metric: str, query: torch.Tensor, gallery: torch.Tensor) -> torch.Tensor:
    asking, asked = (QueryAdaptiveFeature.unpack(each, PARTS) for each in (query, gallery))
    return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, metric)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=1536)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3, help="0 leaves out the comparison with other code")
    parser.add_argument("--kinds", nargs="*", default=["IVF64,Flat:nprobe=4", "IVF64,Flat:nprobe=16", "HNSW32"])
    parser.add_argument(
        "--kinds-gallery", type=int, default=10_000, help="number of rows of the indexes of --kinds and of CMT"
    )
    parser.add_argument("--candidates", nargs="*", type=int, default=[26, 100, 1000])
    parser.add_argument("--folder", type=Path, help="folder with room for a temporary folder of some GB")
    arguments = parser.parse_args()
    sizes = arguments.columns, arguments.queries

    if arguments.repeats:
        with TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            draw(folder, arguments.gallery, *sizes)
            print(f"{arguments.gallery} x {arguments.columns}, {sizes[1]} queries, {arguments.repeats} repeats")
            compare({"FAISS by hand, index": make_by_hand}, folder, 1)
            compare({"index_gallery without the model": partial(make, space=PlainSpace("euclidean"))}, folder, 1)
            ways = {"search_gallery without the model": ask, "FAISS by hand": ask_by_hand, "NumPy loop": ask_in_a_loop}
            compare(ways, folder, arguments.repeats)
    with TemporaryDirectory(dir=arguments.folder) as name:
        draw(Path(name), arguments.kinds_gallery, *sizes)
        print(f"{arguments.kinds_gallery} rows")
        make(Path(name), PlainSpace("euclidean"))
        compare_kinds(Path(name), arguments.kinds)
    if not arguments.candidates:
        return
    with TemporaryDirectory(dir=arguments.folder) as name:
        compare_candidates(Path(name), arguments.kinds_gallery, *sizes, arguments.candidates)


if __name__ == "__main__":
    main()
