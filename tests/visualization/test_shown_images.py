"""Which images and pairs of images the pictures are made of."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.data.items import Item, as_items, field
from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.hidden_images import hidden_images
from fastreid_mm.protocols.ranked_lists import spread
from fastreid_mm.visualization.before_training import network_before_training
from fastreid_mm.visualization.distances import Pairs, distance_pairs
from fastreid_mm.visualization.groups import by_camera, by_modality
from fastreid_mm.visualization.shown_set import ShownSet
from fastreid_mm.visualization.tsne import draw_tsne, embed, shown_places

QUERY = as_items([("q1", 7, 3, 1), ("q2", 8, 6, 1)])
GALLERY = as_items([("g1", 7, 2, 0), ("g2", 7, 1, 0), ("g3", 8, 1, 0)])


def shown(query, gallery, values, rule="sysu"):
    """A set whose features are single numbers, which is compared by their difference."""

    def hidden(query, gallery):
        ids, cameras = ([field(side, name) for side in (query, gallery)] for name in ("pid", "camid"))
        return hidden_images(rule, ids[0], cameras[0], ids[1], cameras[1])

    evaluator = SimpleNamespace(
        query=as_items(query),
        gallery=as_items(gallery),
        hidden=hidden,
        nobody={-1},
        features=torch.tensor(values)[:, None],
        distance=lambda a, b: pairwise_distance(a, b, "euclidean"),
    )
    return ShownSet(None, None, None, evaluator)


def test_pairs_within_and_across_modalities_without_what_is_hidden():
    found = distance_pairs(shown(QUERY, GALLERY, [0.0, 10.0, 1.0, 2.0, 14.0]))
    assert list(found) == ["within infrared", "within visible", "across, infrared to visible"]
    sorted_pairs = {name: [sorted(part.round(4).tolist()) for part in pairs] for name, pairs in found.items()}
    assert sorted_pairs == {
        "within infrared": [[], [10, 10]],
        "within visible": [[1, 1], [12, 12, 13, 13]],
        # q1 does not see g1, which camera 2 took
        "across, infrared to visible": [[2, 4], [8, 9, 14]],
    }


def test_aligned_samples_are_compared_from_query_to_gallery():
    query, gallery = [("a", 1, 1, ("x", "y"))], [("a", 1, 1, ("x", "y")), ("b", 1, 2, ("x",)), ("c", 2, 1, ("x",))]
    (name, pairs), *rest = distance_pairs(shown(query, gallery, [0.0, 0.0, 3.0, 5.0], "market")).items()
    assert (name, pairs.same.tolist(), pairs.other.tolist(), rest) == ("query to gallery", [3], [5], [])


def test_nobodys_images_are_in_no_pair_and_no_picture_of_people():
    junk, expected = [("q3", -1, 6, 1)], distance_pairs(shown(QUERY, GALLERY, [0.0, 10.0, 1.0, 2.0, 14.0]))
    found = distance_pairs(shown(QUERY + junk, [*GALLERY, ("g4", -1, 1, 0)], [0.0, 10.0, 3.0, 1.0, 2.0, 14.0, 5.0]))
    for name, pairs in expected.items():
        for part, wanted in zip(found[name], pairs):
            assert sorted(part) == pytest.approx(sorted(wanted))
    items = [Item(f"{pid}_{modality}", pid, 1, modality) for pid in (-1, 0, 5) for modality in (0, 1)]
    assert {items[place][1] for place in shown_places(items)} == {0, 5}
    assert {items[place][1] for place in shown_places(items, {-1, 0})} == {5}


def test_separation_counts_pairs():
    assert Pairs(np.array([1.0, 4.0]), np.array([2.0, 3.0, 4.0])).separation() == pytest.approx(100 * 3.5 / 6)
    assert np.isnan(Pairs(np.array([]), np.array([1.0])).separation())


def test_groups():
    assert {name: places.tolist() for name, places in by_modality(QUERY + GALLERY).items()} == {
        "infrared": [0, 1],
        "visible": [2, 3, 4],
    }
    assert by_modality(as_items([("a", 1, 1, ("x", "y"))])) == {} and by_modality(as_items([("a", 1, 1)])) == {}
    assert {name: places.tolist() for name, places in by_camera(GALLERY).items()} == {
        "camera 1": [1, 2],
        "camera 2": [0],
    }
    assert spread([5, 6, 7, 8, 9], 3).tolist() == [5, 7, 9] and spread([5, 6], 3).tolist() == [5, 6]


def test_the_same_identities_are_drawn_of_every_modality():
    items = [Item(f"{pid}_{n}", pid, 1, modality) for pid in range(20) for modality in (0, 1) for n in range(30)]
    items += [Item("of one modality", 20, 1, 0)]
    chosen = [items[place] for place in shown_places(items)]
    assert sorted({item[1] for item in chosen}) == [0, 3, 6, 10, 13, 16, 19]
    assert len(chosen) == len(set(chosen)) == 7 * 2 * 24


def test_near_features_are_near_in_two_dimensions():
    torch.manual_seed(0)
    features = torch.tensor([[0.0], [100.0]]).repeat_interleave(10, 0) + torch.rand(20, 1)
    points = torch.from_numpy(embed(features, lambda a, b: pairwise_distance(a, b, "euclidean")))
    between = torch.cdist(points, points)
    own = between[:10, :10].max(), between[10:, 10:].max()
    assert max(own) < between[:10, 10:].min()


def test_the_network_before_training_has_the_classes_of_a_trusted_checkpoint(tiny_cfg, tmp_path):
    torch.save({"num_classes": 7, "args": tmp_path}, tmp_path / "model.pth")  # plain data alone need no trust
    cfg = tiny_cfg("MODEL.WEIGHTS", tmp_path / "model.pth", "MODEL.TRUST_WEIGHTS", True)
    assert network_before_training(cfg).heads.classifier.out_features == 7


def test_without_a_network_before_training_there_is_one_view():
    query = [(f"{pid}", pid, 3, 1) for pid in range(9)]
    gallery = [(f"{pid}", pid, 1, 0) for pid in range(9)]
    figure = draw_tsne(shown(query, gallery, [float(n) for n in range(18)]), None)
    assert [axis.get_title() for axis in figure.axes] == ["after training"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["infrared", "visible", "identity 0"] and len(labels) == 2 + 7
