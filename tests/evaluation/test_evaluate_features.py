"""``tools/evaluate_features.py`` on a small made set in the data set authors' format."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from fastreid_mm.evaluation import evaluate_sysu, read_permutation, write_permutation

TOOL = Path(__file__).parents[2] / "tools" / "evaluate_features.py"
IDS = [i for i in range(1, 27) if i not in (4, 11)]  # the rest of the cells are training identities
SIZE = 3


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("evaluate_features", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    counts = {(cam, i): int(rng.integers(2, 5)) for cam in range(1, 7) for i in range(1, 28) if (cam + i) % 5}
    for cam in range(1, 7):
        cells = np.empty((27, 1), dtype=object)
        for i in range(1, 28):
            cells[i - 1, 0] = rng.standard_normal((counts[cam, i], SIZE)) if (cam, i) in counts else np.empty((0, 0))
        savemat(tmp_path / f"made_cam{cam}.mat", {"feature": cells})
    permutation = {key: np.stack([rng.permutation(n) + 1 for _ in range(10)]) for key, n in counts.items()}
    write_permutation(tmp_path / "rand_perm_cam.mat", permutation)
    (tmp_path / "test_id.txt").write_text(",".join(map(str, IDS)) + "\n")
    return tmp_path


def arguments(folder, *more):
    places = ("--features", str(folder), "--name", "made", "--splits", str(folder))
    return ["--protocol", "sysu", *places, "--metric", "euclidean", *more]


def expected_results(folder):
    """The files read again and every distance taken one by one."""
    cells = {cam: loadmat(folder / f"made_cam{cam}.mat")["feature"].ravel() for cam in range(1, 7)}
    images = [(f, i, cam, n) for cam in cells for i in IDS for n, f in enumerate(cells[cam][i - 1], start=1)]
    query = [image for image in images if image[2] in (3, 6)]
    gallery = [image for image in images if image[2] not in (3, 6)]
    distance = np.array([[np.linalg.norm(q[0] - g[0]) for g in gallery] for q in query])
    labels = np.array([image[1:] for image in query]).T[:2], np.array([image[1:] for image in gallery]).T
    raw = loadmat(folder / "rand_perm_cam.mat")["rand_perm_cam"]
    permutation = {(cam, i): raw[cam - 1, 0][i - 1, 0] for cam in cells for i in IDS if raw[cam - 1, 0][i - 1, 0].size}
    return evaluate_sysu(distance, *labels[0], *labels[1], permutation)


def test_writes_every_setting(main, folder, capsys):
    path = folder / "out.json"
    more = ("--mode", "all", "indoor", "--shots", "1", "10", "--json", str(path))
    main(arguments(folder, *more))
    written = json.loads(path.read_text())
    assert list(written) == ["all_search_1shot", "all_search_10shot", "indoor_search_1shot", "indoor_search_10shot"]
    for setting, row in expected_results(folder).items():
        assert list(written[setting]) == ["Rank-1", "Rank-10", "Rank-20", "mAP", "mINP"]
        assert written[setting] == pytest.approx(row, abs=1e-9)
    printed = capsys.readouterr().out
    assert "SYSU-MM01, the set's own permutation, 10 trials" in printed
    assert f"{written['all_search_1shot']['mAP']:.2f}" in printed


def test_chosen_settings_only(main, folder):
    path = folder / "out.json"
    main(arguments(folder, "--mode", "indoor", "--shots", "1", "--json", str(path)))
    assert list(json.loads(path.read_text())) == ["indoor_search_1shot"]


def change_cell(folder, cam, identity, change):
    path = folder / f"made_cam{cam}.mat"
    cells = loadmat(path)["feature"]
    cells[identity - 1, 0] = change(cells[identity - 1, 0])
    savemat(path, {"feature": cells})


def with_nan(cell):
    cell[1, 2] = np.nan
    return cell


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "made_cam6.mat").unlink(), "made_cam6.mat"),
        (lambda f: (f / "made_cam2.mat").write_bytes(b"not MATLAB at all"), "made_cam2.mat"),
        (lambda f: (f / "rand_perm_cam.mat").unlink(), "rand_perm_cam.mat"),
        (lambda f: (f / "test_id.txt").unlink(), "test_id.mat"),
        (lambda f: savemat(f / "made_cam1.mat", {"feature": np.ones((3, 3))}), "made_cam1.mat"),
        (lambda f: change_cell(f, 3, 5, lambda cell: cell[:1]), "camera 3, identity 5: 1 features"),
        (lambda f: change_cell(f, 4, 2, lambda cell: np.empty((0, 0))), "camera 4, identity 2: 0 features"),
        (lambda f: change_cell(f, 5, 2, lambda cell: cell[:, :2]), "3 values, but 2 at identity 2"),
        (lambda f: change_cell(f, 1, 3, with_nan), "identity 3 of .*image 2, is not finite"),
        (lambda f: (f / "test_id.txt").write_text("900,901"), "no features of the 2 identities"),
    ],
)
def test_names_what_is_wrong(main, folder, capsys, damage, message):
    damage(folder)
    with pytest.raises(SystemExit, match="2"):
        main(arguments(folder))
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert re.search(message, error)


def without(folder, key):
    permutation = read_permutation(folder / "rand_perm_cam.mat")
    del permutation[key]
    write_permutation(folder / "rand_perm_cam.mat", permutation)


def test_names_features_that_the_permutation_does_not_number(main, folder, capsys):
    without(folder, (5, 3))
    with pytest.raises(SystemExit, match="2"):
        main(arguments(folder))
    assert re.search("camera 5, identity 3: [0-9] features, but the permutation has 0 images", capsys.readouterr().err)


def test_finds_the_json_folder_missing_before_it_computes(main, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments(tmp_path, "--json", str(tmp_path / "none" / "out.json")))
    assert "none" in capsys.readouterr().err
