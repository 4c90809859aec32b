"""Features as NumPy's files: the command says what the evaluators say of them, and names what is wrong."""

import json
import re

import numpy as np
import pytest
import torch

from fastreid_mm.commands.evaluate_features import ARRAYS, RULES, main
from fastreid_mm.evaluation.labelled_features import NEEDED, NEEDED_BY_RULE, comparable
from fastreid_mm.evaluation.sysu_splits import write_permutation
from fastreid_mm.protocols import build_evaluator
from tests.protocols.test_extras import made

SOME = ("--mode", "indoor", "--shots", "2", "--ranks", "1", "3")


def save(folder, dataset, features, protocol, size=24):
    """As a user would: arrays with the names of the protocol, the gallery in another order than the set's."""
    rows = np.random.default_rng(1).permutation(len(dataset.gallery))
    paths = {}
    for name, items, vectors in (
        ("query", dataset.query, features[:size]),
        ("gallery", [dataset.gallery[row] for row in rows], features[size:][rows]),
    ):
        arrays = {
            "features": vectors.numpy(),
            "ids": np.array([item[1] for item in items]),
            "cameras": np.array([item[2] for item in items]),
            "paths": np.array([item[0] for item in items]),
            "numbers": np.array([item.number for item in items]),
            "scenes": np.array([item.scene for item in items]),
        }
        paths[name] = folder / f"{name}.npz"
        np.savez(paths[name], **{name: arrays[name] for name in NEEDED[protocol]})
    return paths


def run(folder, protocol, *more, query="query.npz", gallery="gallery.npz"):
    places = ["--query", str(folder / query), "--gallery", str(folder / gallery)]
    main(["--protocol", protocol, *places, "--json", str(folder / "out.json"), *more])
    return json.loads((folder / "out.json").read_text())


@pytest.mark.parametrize("protocol", list(NEEDED))
def test_the_command_equals_the_evaluator(tiny_cfg, tmp_path, protocol, capsys):
    dataset, features = made(protocol, images=240, people=24)
    dataset.gallery.sort()  # as the sets list their files
    evaluator = build_evaluator(tiny_cfg("TEST.METRIC", "cosine"), dataset)
    save(tmp_path, dataset, features, protocol)
    found = run(tmp_path, protocol, "--metric", "cosine")
    expected = evaluator.ranked(features)
    assert found == {setting: pytest.approx(dict(metrics)) for setting, metrics in expected.items()}
    assert ("seeded draw" in capsys.readouterr().out) == (protocol == "sysu")


def test_sysus_official_galleries_and_folders_of_arrays(tiny_cfg, tmp_path):
    dataset, features = made("sysu", images=240, people=24)
    rng = np.random.default_rng(2)
    numbers = {}
    for item in dataset.query + dataset.gallery:
        numbers.setdefault((item.camid, item.pid), []).append(item.number)
    dataset.permutation_file = str(tmp_path / "rand_perm_cam.mat")
    write_permutation(
        dataset.permutation_file,
        {key: np.stack([rng.permutation(own) for _ in range(10)]) for key, own in numbers.items()},
    )
    expected = build_evaluator(tiny_cfg("TEST.METRIC", "euclidean"), dataset).ranked(features)
    for name, path in save(tmp_path, dataset, features, "sysu").items():
        (tmp_path / name).mkdir()
        for key, array in np.load(path).items():
            np.save(tmp_path / name / f"{key}.npy", array)
    found = run(tmp_path, "sysu", "--splits", str(tmp_path), query="query", gallery="gallery")
    assert found == {setting: pytest.approx(dict(metrics)) for setting, metrics in expected.items()}
    chosen = run(tmp_path, "sysu", "--splits", str(tmp_path), *SOME, query="query", gallery="gallery")
    assert list(chosen) == ["indoor_search_2shot"] and "Rank-3" in chosen["indoor_search_2shot"]
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path, "regdb", *SOME)


@pytest.mark.parametrize("protocol", list(NEEDED))
def test_ranks_may_be_chosen_and_those_beyond_a_small_gallery_are_left_out(tmp_path, protocol, said):
    dataset, features = made(protocol, images=48, people=3)
    save(tmp_path, dataset, features, protocol)
    whole, chosen = run(tmp_path, protocol), run(tmp_path, protocol, "--ranks", "1", "2", "1000")
    for setting, metrics in chosen.items():
        assert [name for name in metrics if "Rank" in name] == ["Rank-1", "Rank-2"]
        assert metrics["mAP"] == whole[setting]["mAP"] and metrics["Rank-1"] == whole[setting]["Rank-1"]
    assert any(line.startswith("Rank-1000 left out: the gallery has") for line in said)


def test_markets_junk_and_distractors(tmp_path, capsys):
    labels = {"ids": np.array([-1, 0, 7, 9]), "cameras": np.full(4, 2)}
    np.savez(tmp_path / "gallery.npz", features=np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1]]), **labels)
    query = {"ids": np.array([7, 0, -1]), "cameras": np.full(3, 1)}
    np.savez(tmp_path / "query.npz", features=np.array([[1, 0], [0, 1], [0, 1]], ">f4"), **query)
    found = run(tmp_path, "market", "--distractors", "0", "--ranks", "1", "2")["test"]
    assert found == {"Rank-1": 0, "Rank-2": 100, "mAP": 50, "mINP": 50, "valid_queries": 1}
    assert run(tmp_path, "market", "--ranks", "1")["test"]["valid_queries"] == 2
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path, "regdb", "--distractors", "0")
    assert "--distractors goes with --protocol market" in capsys.readouterr().err


def test_digits_that_float32_lacks_are_kept():
    small, whole, big = np.float32([[0.5]]), np.array([[2**24 + 1]]), np.array([[1.0]], ">f8")
    assert [each.dtype for each in comparable(small, small.astype(np.float16))] == [torch.float32] * 2
    assert comparable(small, whole)[1].item() == 2**24 + 1
    assert comparable(big, small)[0].item() == 1 and comparable(np.uint8([[7]]), small)[0].dtype == torch.float32


GOOD = {"features": np.eye(4, dtype=np.float32), "ids": np.array([1, 2, 1, 2]), "cameras": np.array([1, 1, 2, 2])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameras": None}, "query.npz has no cameras, but features, ids"),
        ({"ids": np.array([1.5, 2, 1, 2])}, "ids of .* must be whole numbers .4,., got float64"),
        ({"ids": np.array([1, 2])}, r"ids of .* \(2,\)"),
        ({"features": np.ones(4)}, r"features of .* must be numbers \(N, D\)"),
        ({"features": np.full((4, 4), np.nan)}, "row 0 is not finite"),
        ({"ids": np.array([1, "a", None, 2], dtype=object)}, "query.npz .*pickle"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, capsys, change, message):
    arrays = {name: value for name, value in (GOOD | change).items() if value is not None}
    np.savez(tmp_path / "query.npz", **arrays)
    np.savez(tmp_path / "gallery.npz", **GOOD)
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path, "market")
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert re.search(message, error)


def test_files_that_are_none_are_named(tmp_path, capsys):
    np.savez(tmp_path / "gallery.npz", **GOOD)
    (tmp_path / "query.npz").write_bytes((tmp_path / "gallery.npz").read_bytes()[:200])
    np.save(tmp_path / "ids.npy", GOOD["ids"])
    for query, message in (("query.npz", "not a readable"), ("ids.npy", "must be an .npz"), ("x.npz", "no such file")):
        with pytest.raises(SystemExit, match="2"):
            run(tmp_path, "market", query=query)
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["--protocol", "regdb", "--query", "q.npz"])
    assert "required: --gallery" in capsys.readouterr().err


def test_the_command_knows_arrays_and_rules_without_importing_them():
    assert ARRAYS == NEEDED and set(RULES) == set(NEEDED_BY_RULE)
