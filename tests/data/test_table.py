"""Images of one's own by a table of them."""

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_dataset
from fastreid_mm.data.datasets import AlignedTable, Table
from fastreid_mm.data.items import Source
from tests.conftest import write_image

HEAD = "path,identity,camera,modality,split,weather"
ROWS = [
    "v1.jpg,ann,1,visible,train,rain",
    "i1.jpg,ann,2,Thermal,train,",
    "v2.jpg,bob,1,rgb,train,",
    "v3.jpg,eve,1,visible,query,",
    "i3.jpg,eve,2,infrared,gallery,",
    "i4.jpg,-1,2,infrared,test,",
]


@pytest.fixture
def table(tmp_path):
    """Writes a table, and the files that its first column names."""

    def write(*rows, head=HEAD, files=True) -> str:
        for row in rows if files else ():
            write_image(tmp_path / row.split(",")[0], 1)
        (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n")
        return str(tmp_path / "t.csv")

    return write


def refused(kind, *args, **options) -> str:
    with pytest.raises(InputError) as error:
        kind(*args, **options)
    return str(error.value)


def test_rows_become_items_of_two_modalities(table, tmp_path):
    found = Table(file=table(*ROWS))
    items = found.train, found.query, found.gallery
    assert [[(item.pid, item.camid, item.modality) for item in part] for part in items] == [
        [(0, 1, 0), (0, 2, 1)],
        [(2, 1, 0)],
        [(2, 2, 1), (-1, 2, 1)],
    ]
    assert [splits.tolist() for splits in found.splits] == [["query"], ["gallery", "test"]]
    assert found.left_out.found == [f"{tmp_path}/v2.jpg (no infrared training image of its identity)"]
    found.combine_all()
    assert [item.pid for item in found.train] == [0, 0, 2, 2]


def test_images_of_one_kind_need_neither_modality_nor_camera(table):
    found = Table(file=table("a.jpg,07,train", "b.jpg,7,query", "c.jpg,8,test", head="path,identity,split"))
    assert [(item.pid, item.modality) for item in found.query] == [(7, None), (8, None)]
    assert [item.pid for item in found.gallery] == [8] and found.splits is None and not found.has_cameras


def test_paths_are_relative_to_a_folder_and_cells_may_be_separated_by_semicolons(table, tmp_path):
    file = table("x\\a.jpg;1;train", head="Path;Identity;Split", files=False)
    write_image(tmp_path / "images/x/a.jpg", 1)
    assert Table(file=file, folder=str(tmp_path / "images")).train[0].img_path == f"{tmp_path}/images/x/a.jpg"


@pytest.mark.parametrize(
    "row, problem",
    [
        ("x.jpg,,1,visible,train,", "t.csv:2: identity '' is empty"),
        ("x.jpg,ann,,visible,train,", "t.csv:2: camera '' is empty"),
        ("x.jpg,ann,1,depth,train,", "t.csv:2: modality 'depth' is not visible or infrared"),
        ("x.jpg,ann,1,visible,val,", "t.csv:2: split 'val' is not one of train, query, gallery, test"),
        ("x.jpg,-1,1,visible,train,", "t.csv:2: identity '-1' is nobody's"),
        ("x.jpg,ann,1,visible", "t.csv:2 has 4 cells, the first line has 6"),
        ('x.jpg,"ann,1,visible,train,', "t.csv:2 cannot be read: unexpected end of data"),
        ("x.txt,ann,1,visible,train,", "t.csv:2: path 'x.txt' is no image by its suffix"),
    ],
)
def test_a_wrong_row_is_named(table, tmp_path, row, problem):
    (tmp_path / "x.txt").touch()
    write_image(tmp_path / "x.jpg", 1)
    table(*ROWS)  # whose files are there
    assert problem in refused(Table, file=table(row, *ROWS, files=False))


def test_missing_files_are_counted_and_doubles_named(table, tmp_path):
    message = refused(Table, file=table(*ROWS, "v1.jpg,eve,1,visible,test,", files=False))
    assert f"t.csv:8: path 'v1.jpg' is that of {tmp_path}/t.csv:2 again" in message
    assert f"missing files: 7 of 7, the first: {tmp_path}/t.csv:2: path 'v1.jpg' is no file" in message


def test_a_table_that_is_none_is_refused(table, tmp_path):
    assert "DATASETS.TABLE.FILE names no CSV" in refused(Table)
    assert "x.csv is missing" in refused(Table, file="x.csv")
    assert "has no rows" in refused(Table, file=table())
    assert "t.csv:1 has no column 'split'; it has path, identity" in refused(Table, file=table(head="path,identity"))


def samples(*more):
    rows = [f"{split}{kind}.jpg,{split},{kind},{split}" for split in ("train", "test") for kind in ("RGB", "tir")]
    return [f"{row},{row.split(',')[1]}" for row in rows] + [*more]


ALIGNED = "path,identity,modality,split,sample"
CHOSEN = {"modalities": ("TIR", "RGB")}


def test_rows_become_aligned_samples(table, tmp_path, warnings):
    rows = samples("only.jpg,1,RGB,train,s3", "d.jpg,test,depth,test,test")
    found = AlignedTable(file=table(*rows, head=ALIGNED), **CHOSEN)
    assert [item.sources for item in found.train] == [
        (Source(f"{tmp_path}/traintir.jpg"), Source(f"{tmp_path}/trainRGB.jpg"))
    ]
    assert found.query == found.gallery and len(found.query) == 1
    assert "missing files: 1, the first: TIR of sample s3; their samples are not trained on" in warnings[0].getMessage()


@pytest.mark.parametrize(
    "row, problem",
    [
        ("x.jpg,1,RGB,train,train", "t.csv:6: identity '1' is not that of "),
        ("x.jpg,train,RGB,train,train", "t.csv:6: sample 'train' has RGB in "),
        ("x.jpg,train,RGB,train,", "t.csv:6: sample '' is empty"),
    ],
)
def test_a_row_that_does_not_fit_its_sample_is_named(table, row, problem):
    assert problem in refused(AlignedTable, file=table(*samples(row), head=ALIGNED), **CHOSEN)


def test_modalities_of_aligned_samples_have_to_be_named(table):
    file = table(*samples(), head=ALIGNED)
    assert "are not two or more words of AlignedTable's" in refused(AlignedTable, file=file)
    assert "no modality is 'NI' of" in refused(AlignedTable, file=file, modalities=("RGB", "NI"))


def test_the_config_names_the_table(tiny_cfg, table, tmp_path):
    cfg = tiny_cfg("DATASETS.TABLE.FILE", table(*ROWS), "DATASETS.NAMES", "('Table',)")
    assert len(build_dataset(cfg, "Table").train) == 2
