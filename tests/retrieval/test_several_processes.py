"""Several processes that index together make the index of one."""

import json
import os
import signal
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from fastreid_mm.commands import index_gallery
from fastreid_mm.engine import together
from tests.retrieval.command_line import gallery, refused, run


class Alone:
    """One of several processes that run one after another, the first one last, so that none has to wait."""

    left: list = []
    here = (0, 1)

    def __init__(self):
        self.rank, self.count = self.here

    def gather(self, value):
        self.left.append(value)
        return self.left if self.rank == 0 else []

    def wait(self):
        pass


@pytest.fixture
def by_turns(monkeypatch):
    """Runs the command in several processes' stead, all in this one."""
    monkeypatch.setattr(together, "Together", Alone)

    def start(count, arguments, ranks=None):
        Alone.left = []
        for rank in reversed(range(count)) if ranks is None else ranks:
            Alone.here = (rank, count)
            run(index_gallery, *arguments)

    return start


def content(path):
    return json.loads(Path(f"{path}.json").read_text())["names"], faiss.read_index(str(path)).reconstruct_n()


def test_parts_become_the_index_of_one_process_and_go_on_after_one_was_lost(arguments, folder, by_turns, capsys):
    model = arguments()
    (folder / "gallery" / "broken.png").write_bytes(b"no image")
    by_turns(1, [*model, *gallery(folder, "one.index")])
    by_turns(3, [*model, *gallery(folder, "g.index")], [2, 1])  # the first was killed
    capsys.readouterr()
    refusal = refused_by(2, by_turns, [*model, *gallery(folder, "g.index")], capsys)
    assert "g.index.part-2-of-3" in refusal and "was left by 3 processes: go on with as many" in refusal
    by_turns(3, [*model, *gallery(folder, "g.index")])
    out, err = capsys.readouterr()
    assert "12 images, 12 of them new, 1 could not be read" in out and err.count("left out: cannot read") == 1
    (names, vectors), (expected_names, expected) = (content(folder / name) for name in ("g.index", "one.index"))
    assert names == expected_names
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    os.utime(folder / "gallery" / "0" / "00.png")
    (folder / "gallery" / "0" / "03.png").write_bytes((folder / "gallery" / "1" / "01.png").read_bytes())
    by_turns(2, [*model, *gallery(folder, "g.index")])
    assert "12 images, 0 of them new, 1 could not be read, 1 replaced" in capsys.readouterr().out
    names, vectors = content(folder / "g.index")
    replaced = [Path(name).name for name in names].index("03.png")
    copied = [Path(name).name for name in names].index("01.png")
    np.testing.assert_allclose(vectors[replaced], vectors[copied], atol=1e-6)
    assert not list(folder.glob("*.part-*"))


def refused_by(count, by_turns, arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        by_turns(count, arguments)
    return capsys.readouterr().err


def test_more_processes_than_images_and_places_that_are_no_file(arguments, folder, by_turns, capsys):
    model = arguments()
    by_turns(13, [*model, *gallery(folder)])
    assert "12 images, 12 of them new" in capsys.readouterr().out
    assert len(content(folder / "g.index")[0]) == 12
    other = ["--images", folder / "gallery", "--modality", "visible", "--index", f"milvus-lite://{folder}/g.db/people"]
    assert "several processes fill a file" in refused_by(2, by_turns, [*model, *other], capsys)
    assert "--processes 0 is less than 1" in refused(
        capsys, index_gallery, *model, *gallery(folder), "--processes", "0"
    )


def meet(folder):
    """Leave what the first of two processes has gathered, and lose the second one."""
    group = together.Together()
    values = group.gather([f"of {group.rank}"])
    if group.rank == 0:
        (folder / "gathered").write_text(json.dumps(values))
    group.wait()
    if group.rank:
        os.kill(os.getpid(), signal.SIGKILL)
    group.wait()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs two GPUs then")
def test_two_processes_gather_and_a_killed_one_ends_the_other(tmp_path, capfd):
    from fastreid_mm.engine import launch

    with pytest.raises(SystemExit, match="137"):
        launch(meet, 2, args=(tmp_path,))
    assert json.loads((tmp_path / "gathered").read_text()) == [["of 0"], ["of 1"]]
    assert "error: process 1 was ended by SIGKILL, all others with it" in capfd.readouterr().err
