"""Pictures of ranked lists: what they show, and what they must not."""

from copy import copy

import numpy as np
import pytest
import torch
from PIL import Image

from fastreid_mm.common.picture_sheet import RIGHT, WRONG
from fastreid_mm.data.build import build_dataset
from fastreid_mm.data.items import Item
from fastreid_mm.evaluation.hidden_images import RULES
from fastreid_mm.protocols import build_evaluator, draw_ranked_lists, ranked_lists
from fastreid_mm.protocols.ranked_lists import TOP, _shown, first_right, nearest_images, rankings

SHEET = Image.new("RGB", (1, 1))


def with_features(evaluator):
    """The evaluator with features of the identities alone."""
    items = evaluator.query + evaluator.gallery
    evaluator.process({}, torch.nn.functional.one_hot(torch.tensor([item[1] for item in items])).float())
    evaluator.evaluate()
    return evaluator


def contains(picture, part):
    """Whether a picture shows another one, pixel for pixel."""
    whole, wanted = np.asarray(picture), np.asarray(part)
    rows, columns = np.nonzero((whole[: -wanted.shape[0], : -wanted.shape[1]] == wanted[0, 0]).all(2))
    return any(
        np.array_equal(whole[y : y + wanted.shape[0], x : x + wanted.shape[1]], wanted) for y, x in zip(rows, columns)
    )


@pytest.fixture
def built(tiny_cfg, monkeypatch, request):
    def build(name, root, base="SYSU/cmtr.yml"):
        monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(root)))
        cfg = tiny_cfg("DATASETS.NAMES", f"('{name}',)", "DATASETS.TESTS", f"('{name}',)", base=base)
        return with_features(build_evaluator(cfg, build_dataset(cfg, name)))

    return build


@pytest.mark.parametrize(
    "name, root, size", [("RGBNT201", "rgbnt201_root", (64, 128)), ("RGBN300", "rgbn300_root", (128, 64))]
)
def test_they_show_the_first_modality(built, tmp_path, name, root, size):
    evaluator = built(name, root)
    draw_ranked_lists(evaluator, str(tmp_path / "lists.png"), 2)
    path, box = evaluator.query[0].sources[0]
    whole = Image.open(path).convert("RGB")
    assert contains(Image.open(tmp_path / "lists.png"), (whole.crop(box) if box else whole).resize(size))


def test_they_show_an_image_as_it_is_read_elsewhere(tmp_path):
    deep, exif = np.full((8, 4), 30000, np.uint16), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(deep).save(tmp_path / "deep.png", exif=exif)
    shown = _shown(Item(str(tmp_path / "deep.png"), 1, 1, 0))
    assert shown.size == (8, 4) and shown.getpixel((0, 0)) == (30000 // 256,) * 3


@pytest.mark.parametrize(
    "name, root, hidden",
    [
        ("SYSUMM01", "sysu_root", lambda query, found: (query[2], found[2]) == (3, 2)),
        ("RGBNT201", "rgbnt201_root", lambda query, found: query[1:3] == found[1:3]),
        ("RegDB", "regdb_root", lambda query, found: False),
        ("LLCM", "llcm_root", lambda query, found: query[1:3] == found[1:3]),
        ("MSVR310", "msvr310_root", lambda query, found: (query.pid, query.scene) == (found.pid, found.scene)),
    ],
)
def test_what_the_protocol_hides_is_not_shown(built, name, root, hidden):
    evaluator = built(name, root)
    rows = [0, len(evaluator.query) // 2, len(evaluator.query) - 1]
    lists = nearest_images(evaluator, np.array(rows))
    (query, gallery), shown = evaluator.sides(evaluator.features), evaluator.shown_gallery().tolist()
    for row, found in zip(rows, lists):
        item, distance = evaluator.query[row], evaluator.distance(query.features[[row]], gallery.features)[0].tolist()
        order = [evaluator.gallery[i] for i in sorted(shown, key=lambda i: distance[i])]
        assert found == [each for each in order if not hidden(item, each)][:TOP] and len(found) == TOP


def test_nobodys_images_are_no_rows_and_are_not_found(built, tmp_path):
    evaluator = built("RGBNT201", "rgbnt201_root")
    expected = nearest_images(evaluator, np.array([1]))[0]
    evaluator.query[0] = evaluator.query[0]._replace(pid=-1)
    evaluator.gallery = [item._replace(pid=-1) if item == expected[0] else item for item in evaluator.gallery]
    assert evaluator.people()[0] == 1
    found = nearest_images(evaluator, np.array([0, 1]))
    assert found[0] == [] and found[1][: TOP - 1] == expected[1:]
    draw_ranked_lists(evaluator, str(tmp_path / "lists.png"), 1)
    query = Image.open(evaluator.query[1][0]).convert("RGB").resize((64, 128))
    assert contains(Image.open(tmp_path / "lists.png"), query)


def test_they_follow_the_rule_of_the_metrics(built, monkeypatch):
    monkeypatch.setitem(RULES, "market", lambda query_ids, query_cams, gallery_ids, gallery_cams: gallery_cams == 0)
    evaluator = built("RGBNT201", "rgbnt201_root")
    assert {item[2] for item in nearest_images(evaluator, np.array([0]))[0]} == {1}


def test_the_untrained_networks_answers_are_above_and_ranks_are_told(built, tmp_path, monkeypatch):
    evaluator = built("RGBNT201", "rgbnt201_root")
    untrained, rows = copy(evaluator), []
    untrained.features = torch.randn(evaluator.features.shape, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(
        ranked_lists, "draw_sheet", lambda heading, all_rows: rows.extend([heading, *all_rows]) or SHEET
    )
    draw_ranked_lists(evaluator, str(tmp_path / "lists.png"), 1, untrained)
    heading, before, after = rows
    query, people = evaluator.query[evaluator.people()[0]], len(rankings(evaluator, evaluator.people()[:1])[0])
    found = rankings(untrained, evaluator.people()[:1])[0]
    rank = [each.item.pid for each in found].index(query.pid) + 1
    assert first_right(query, found) == rank and first_right(query._replace(pid=-5), found) is None
    assert before.title == f"identity {query.pid}, untrained network: first right image at rank {rank} of {people}"
    assert after.title.startswith(f"identity {query.pid}, trained network: first right image at rank 1 of ")
    assert after.tiles[1].caption == f"1.000\n{query.pid}" and after.tiles[1].frame == RIGHT
    assert [tile.frame for tile in before.tiles[1:]] == [
        RIGHT if each.item.pid == query.pid else WRONG for each in found[:TOP]
    ]
    assert f"untrained network: {[tile.frame for tile in before.tiles].count(RIGHT)} of {TOP} images right" in heading
