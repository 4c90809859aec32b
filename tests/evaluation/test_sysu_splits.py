import numpy as np
import pytest
from scipy.io import loadmat, savemat

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import read_ids, read_permutation, sysu_splits, write_permutation
from fastreid_mm.evaluation.sysu_splits import digest, gallery_source, is_official


@pytest.fixture
def permutation():
    rng = np.random.default_rng(0)
    sizes = {(1, 2): 20, (1, 5): 1, (3, 1): 13, (6, 7): 300}  # 300 images do not fit MATLAB's uint8
    return {key: np.stack([rng.permutation(size) + 1 for _ in range(10)]) for key, size in sizes.items()}


def test_permutation_round_trip(tmp_path, permutation):
    write_permutation(tmp_path / "rand_perm_cam.mat", permutation)
    result = read_permutation(tmp_path / "rand_perm_cam.mat")
    assert result.keys() == permutation.keys()
    assert all(np.array_equal(result[key], permutation[key]) for key in permutation)


def test_permutation_is_written_as_the_data_set_has_it(tmp_path, permutation):
    write_permutation(tmp_path / "rand_perm_cam.mat", permutation)
    cells = loadmat(tmp_path / "rand_perm_cam.mat")["rand_perm_cam"]
    assert cells.shape == (6, 1) and cells[0, 0].shape == (5, 1)
    assert cells[0, 0][1, 0].shape == (10, 20) and cells[0, 0][0, 0].shape == (0, 0)


TEXTS = [
    "6,10,17",
    "6, 10 ,17,\n",
    "6,10,17\r\n",
    "6\n10\n17\n",
    "6,\r\n10,\r\n17",
    "\n6 10\t17\n\n",
    "6\r10\r17",
    "0006,\n010 17",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", TEXTS)
def test_ids_from_text(tmp_path, text, encoding):
    (tmp_path / "test_id.txt").write_bytes(text.encode(encoding))
    savemat(tmp_path / "test_id.mat", {"id": [[1]]})
    assert read_ids(tmp_path, "test_id") == [6, 10, 17]


def test_a_rest_that_cannot_be_read_is_named_with_its_line(tmp_path):
    (tmp_path / "test_id.txt").write_text("6, 10 ,17,\nnot read\n")
    with pytest.raises(InputError, match=r"test_id\.txt:2 has 'not'"):
        read_ids(tmp_path, "test_id")


@pytest.mark.parametrize("dtype", [np.uint16, np.float64])
def test_ids_from_matlab(tmp_path, dtype):
    savemat(tmp_path / "val_id.mat", {"id": np.array([[6, 10, 333]], dtype=dtype)})
    assert read_ids(tmp_path, "val_id") == [6, 10, 333]


def test_ids_missing(tmp_path):
    with pytest.raises(InputError, match=r"test_id\.txt.*test_id\.mat"):
        read_ids(tmp_path, "test_id")


@pytest.mark.parametrize("content", [b"", b"\n", b"6,x", b"6,7.5", b"6;7", b"\xff\xfe6", b"-6", b"1" * 30, b"6\0"])
def test_ids_that_are_no_integers(tmp_path, content):
    (tmp_path / "test_id.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"test_id\.txt"):
        read_ids(tmp_path, "test_id")


@pytest.mark.parametrize(
    "values",
    [
        {"id": [[1.5]]},
        {"id": "abc"},
        {"other": [[1]]},
        {"id": [[1 + 2j]]},
        {"id": [[np.inf]]},
        {"id": [[-1]]},
        {"id": []},
    ],
)
def test_ids_of_a_wrong_matlab_file(tmp_path, values):
    savemat(tmp_path / "test_id.mat", values)
    with pytest.raises(InputError, match=r"test_id\.mat"):
        read_ids(tmp_path, "test_id")


@pytest.mark.parametrize("cut", [0, 40, 200, 400])
def test_broken_file_is_named(tmp_path, permutation, cut):
    path = tmp_path / "rand_perm_cam.mat"
    write_permutation(path, permutation)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"rand_perm_cam\.mat"):
        read_permutation(path)


@pytest.mark.parametrize("rows", [[[1, 2, 2]], [[0, 1]], [[1.5, 1]]])
def test_rows_that_are_no_image_numbers(tmp_path, rows):
    write_permutation(tmp_path / "rand_perm_cam.mat", {(4, 3): np.array(rows)})
    with pytest.raises(InputError, match=r"camera 4, identity 3 of .*rand_perm_cam\.mat"):
        read_permutation(tmp_path / "rand_perm_cam.mat")


@pytest.mark.parametrize("values", [np.ones((6, 1)), np.array([[1, "a"]], dtype=object)])
def test_cells_that_are_no_cameras(tmp_path, values):
    savemat(tmp_path / "rand_perm_cam.mat", {"rand_perm_cam": values})
    with pytest.raises(InputError, match="6 cells"):
        read_permutation(tmp_path / "rand_perm_cam.mat")


@pytest.mark.parametrize("key", [(0, 1), (7, 1), (1, 0)])
def test_write_refuses_what_has_no_place(tmp_path, key):
    with pytest.raises(InputError, match=f"camera {key[0]}, identity {key[1]}"):
        write_permutation(tmp_path / "rand_perm_cam.mat", {key: np.ones((10, 1), dtype=int)})


def test_only_the_sets_own_permutation_is_called_official(permutation, monkeypatch):
    assert gallery_source(None) == "seeded draw"
    assert gallery_source(permutation) == "the set's own permutation"
    swapped = permutation | {(3, 1): permutation[3, 1][:, ::-1]}
    monkeypatch.setattr(sysu_splits, "OFFICIAL", digest(permutation))
    assert gallery_source(permutation) == "official permutation" and not is_official(swapped)
    assert is_official({key: rows.astype(np.uint16) for key, rows in reversed(permutation.items())})
