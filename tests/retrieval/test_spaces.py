"""What an index proposes for each way of comparing, beside the distances of all pairs."""

import numpy as np
import pytest
import torch

from fastreid_mm.evaluation import QueryAdaptiveFeature, pairwise_distance, query_adaptive_distance
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.search import scan, search
from fastreid_mm.retrieval.spaces import PlainSpace, QueryAdaptiveSpace, Space

PARTS, DIM, QUERIES, GALLERY = 3, 8, 6, 200


def packed(count, seed, whole=False):
    """Packed features of parts, scale and shift, of whole numbers if wanted, so that sums have no rounding error."""
    random = torch.Generator().manual_seed(seed)
    if whole:
        rows = torch.randint(-2, 3, (count, (PARTS + 2) * DIM), generator=random).float()
        rows[: count // 2] = rows[count - count // 2 :]  # every other one twice: ties
        return rows
    rows = torch.randn(count, (PARTS + 2) * DIM, generator=random)
    rows[:, PARTS * DIM : (PARTS + 1) * DIM] += 1.5  # scales are mostly positive
    return rows


def adaptive(metric):
    def distance(query, gallery):
        asking, asked = (QueryAdaptiveFeature.unpack(each, PARTS) for each in (query, gallery))
        return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, metric)

    return distance


def index_of(space, gallery, folder, kind=None):
    vectors = space.vectors(gallery).numpy()
    identity = Identity("any", space.name, vectors.shape[1], "0", "0")
    index = FaissIndex(folder / "gallery.index", identity, kind, space.inner_product)
    index.add(vectors, [str(place) for place in range(len(vectors))])
    index.finish()
    return index


def squared_loop(query, gallery):
    """(Nq, Ng) squared distances, by a gallery of its own for each query."""
    asking, asked = (QueryAdaptiveFeature.unpack(each, PARTS) for each in (query, gallery))
    modulated = [asked.complete * g + b for g, b in zip(asking.scale, asking.shift)]
    return torch.stack([(each - x).square().sum((1, 2)) for each, x in zip(modulated, asking.complete)])


def ranking(distance):
    return np.argsort(distance.numpy(), axis=1, kind="stable")


@pytest.mark.parametrize("whole", [False, True])
def test_the_largest_inner_products_are_the_least_query_adaptive_distances(tmp_path, whole):
    """All of the ranking by FAISS's inner products alone, and the distances of what is found."""
    space, distance = QueryAdaptiveSpace(PARTS, "euclidean"), adaptive("euclidean")
    query, gallery = packed(QUERIES, 0, whole), packed(GALLERY, 1, whole)
    expected, index = distance(query, gallery), index_of(space, gallery, tmp_path)
    places = space.nearest(query, GALLERY, lambda v, k: torch.from_numpy(index.search(v.numpy(), k)), None, None)
    along = expected.gather(1, places)
    assert (along[:, 1:] - along[:, :-1] >= -1e-4).all() and all(len(set(row)) == GALLERY for row in places.tolist())
    found = search(index, space, distance, query, 20)
    np.testing.assert_allclose(found.distances, expected.sort(1).values[:, :20], rtol=1e-5)
    if whole:  # without rounding: equals in any order, the others in theirs
        squares = squared_loop(query, gallery)
        assert torch.equal(squares.gather(1, places), squares.sort(1).values)
        assert torch.equal(squares.gather(1, torch.from_numpy(found.places)), squares.sort(1).values[:, :20])
    else:
        assert places.tolist() == ranking(expected).tolist()
        assert found.places.tolist() == ranking(expected)[:, :20].tolist()


def test_a_row_is_features_and_squares_summed_over_parts():
    row = QueryAdaptiveFeature(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.ones(1, 2), torch.ones(1, 2)).pack()
    assert QueryAdaptiveSpace(2, "cosine").vectors(row).tolist() == [[1, 2, 3, 4, 1 + 9, 4 + 16]]
    assert QueryAdaptiveSpace(2, "cosine").features(torch.arange(6.0)[None]).tolist() == [[0, 1, 2, 3, 0, 0, 0, 0]]


def test_cosine_is_exact_without_candidates_and_nearly_so_with_some(tmp_path):
    space, distance = QueryAdaptiveSpace(PARTS, "cosine"), adaptive("cosine")
    query, gallery = packed(QUERIES, 0), packed(GALLERY, 1)
    index, expected = index_of(space, gallery, tmp_path), adaptive("cosine")(query, gallery)
    for candidates in (0, GALLERY):
        found = search(index, space, distance, query, 10, candidates)
        assert found.places.tolist() == ranking(expected)[:, :10].tolist()
        np.testing.assert_allclose(found.distances, expected.sort(1).values[:, :10], rtol=1e-4)
    few = search(index, space, distance, query, 10, 30)
    hits = [len({*row} & {*best}) for row, best in zip(few.places.tolist(), ranking(expected)[:, :10].tolist())]
    assert sum(hits) / (10 * QUERIES) >= 0.9
    np.testing.assert_allclose(few.distances, np.take_along_axis(expected.numpy(), few.places, 1), rtol=1e-4)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", [None, "HNSW16", "IVF4,Flat"])
def test_plain_features_by_any_kind(tmp_path, metric, kind):
    query, gallery = torch.randn(4, 8, generator=torch.manual_seed(0)), torch.randn(GALLERY, 8)
    space, expected = PlainSpace(metric), pairwise_distance(query, gallery, metric)
    index = index_of(space, gallery, tmp_path, kind)
    found = search(index, space, lambda q, g: pairwise_distance(q, g, metric), query, 5, 64)
    np.testing.assert_allclose(found.distances, expected.gather(1, torch.from_numpy(found.places)), atol=1e-4)
    if kind is None:
        assert found.places.tolist() == ranking(expected)[:, :5].tolist()


def test_a_distance_of_the_models_own_is_asked_of_every_row(tmp_path, monkeypatch):
    """Which need not be one of vectors: here the third digit decides."""
    monkeypatch.setattr("fastreid_mm.retrieval.search._CHUNK", 7)
    gallery = torch.rand(50, 2, generator=torch.manual_seed(0))
    index = index_of(Space(), gallery, tmp_path)

    def distance(query, gallery):
        return (gallery[None, :, 0] * 1000 % 10 - query[:, :1]).abs()

    query = torch.tensor([[3.0, 0.0], [7.0, 0.0]])
    for found in (search(index, Space(), distance, query, 9, 20), scan(index, Space(), distance, query, 9)):
        assert found.places.tolist() == ranking(distance(query, gallery))[:, :9].tolist()
