"""mmsegmentation's scripts as commands."""

import sys
from pathlib import Path

import pytest

from fastreid_mm.commands import saliency


@pytest.fixture
def run(monkeypatch):
    """Notes what the host's script is given instead of running it."""
    found = []
    monkeypatch.setattr("runpy.run_path", lambda path, run_name: found.append((Path(path).name, sys.argv[1:])))
    monkeypatch.setattr(sys, "argv", sys.argv)  # and what else a script is given: both are put back
    monkeypatch.setenv("SOD_DATASETS", "before")
    return found


def test_the_config_of_a_script_has_a_short_name(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("epoch_1.pth").touch()
    saliency.train(["--resume", "SOD/mutualformer_demo.py", "--cfg-options", "data_root=a.py"])
    monkeypatch.setattr(sys, "argv", ["mmseg-mm-test", "SOD/mutualformer_demo.py", "epoch_1.pth"])
    saliency.test()
    (train, trained), (test, tested) = run
    assert train == "train.py" and test == "test.py"
    assert trained[1].endswith("configs/SOD/mutualformer_demo.py")
    assert [trained[0], *trained[2:]] == ["--resume", "--cfg-options", "data_root=a.py"]
    assert tested == [trained[1], "epoch_1.pth"]


def test_a_script_without_a_config_is_not_run(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        saliency.train(["--resume"])
    assert not run and "required: config" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        lambda: saliency.train(["SOD/none.py"]),
        lambda: saliency.predict(["a", "b", "c", "--config", "SOD/none.py", "--checkpoint", "d"]),
    ],
)
def test_a_config_that_is_nowhere_ends_in_one_line(command, run, capsys):
    with pytest.raises(SystemExit, match="2"):
        command()
    error = capsys.readouterr().err
    assert error.startswith("error: config SOD/none.py does not exist") and error.count("\n") == 1
