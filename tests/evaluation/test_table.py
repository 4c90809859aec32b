"""The protocol of tables: directions, roles of images and rules."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.side import Side
from fastreid_mm.evaluation.table import Table


def side(ids, places=None):
    ids = np.array(ids)
    return Side(torch.eye(9)[torch.tensor(ids)], ids, np.zeros(len(ids)) if places is None else np.array(places))


def ranked(splits, visible=(1, 2, 3), infrared=(3, 1)):
    found = Table("none", tuple(map(np.array, splits))).rankings(side(visible), side(infrared))
    return {setting: (one.query.ids.tolist(), one.gallery.ids.tolist()) for setting, (one,) in found.items()}


@pytest.mark.parametrize(
    "visible, infrared, forth, back",
    [
        (["test"] * 3, ["test"] * 2, ([1, 2, 3], [3, 1]), ([3, 1], [1, 2, 3])),
        (["query", "gallery", "test"], ["query", "gallery"], ([1, 3], [1]), ([3], [2, 3])),
        (["query"] * 3, ["gallery"] * 2, ([1, 2, 3], [3, 1]), ([3, 1], [1, 2, 3])),
        (["gallery"] * 3, ["query", "test"], ([1, 2, 3], [3, 1]), ([3, 1], [1, 2, 3])),
    ],
)
def test_both_directions_have_their_queries(visible, infrared, forth, back):
    found = ranked((visible, infrared))
    assert found["visible_to_infrared"][0] == forth[0] and found["infrared_to_visible"] == back


def test_a_rule_by_cameras_hides_the_querys_own():
    query, gallery = side([1, 1], [1, 2]), side([1, 2], [1, 1])

    def distance(query, gallery):
        return torch.cdist(query, gallery)

    found = Table("market").evaluate(query, gallery, distance, (1,))["test"]
    assert found["valid_queries"] == 1 and Table("none").evaluate(query, gallery, distance, (1,))["test"] == {
        **found,
        "valid_queries": 2,
    }


def config(rule):
    return SimpleNamespace(DATASETS=SimpleNamespace(TABLE=SimpleNamespace(RULE=rule)))


def test_without_a_rule_no_image_is_found_by_itself():
    dataset = SimpleNamespace(has_cameras=False, splits=None, file="t.csv")
    protocol = Table.from_cfg(config("none"), dataset)
    sides = [protocol.side(torch.eye(3), {"ids": np.array([1, 1, 2]), "numbers": np.arange(3)}) for _ in range(2)]
    found = protocol.evaluate(*sides, torch.cdist, (1,))
    assert found["test"]["valid_queries"] == 2 and protocol.gallery_source == "all images, rule none"
    with pytest.raises(InputError, match="'market' goes by cameras, and table t.csv has no column camera"):
        Table.from_cfg(config("market"), dataset)
