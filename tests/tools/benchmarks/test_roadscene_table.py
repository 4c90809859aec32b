import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "benchmarks" / "roadscene_table.py"


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location("roadscene_table", TOOL)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclass asks for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(tool, monkeypatch):
    """The commands that a table runs; each leaves results at once."""
    ran = []

    def pretend(command, **_):
        folder = Path(command[command.index("OUTPUT_DIR") + 1])
        metrics = dict.fromkeys(("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP"), float(len(ran)))
        (folder / "results.json").write_text(json.dumps({"RGBN300": {"test": metrics}}))
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", pretend)
    return ran


def test_one_network_is_trained_and_tested_by_each_of_its_features(tool, commands, tmp_path):
    table = tool.TABLES["RGBN300"]
    rows = ["MutualFormer, fused only", "MutualFormer", "MutualFormer, streams only"]
    found = [tool.run(table, row, 1, 3, tmp_path)["mAP"] for row in rows]
    assert found == [1.0, 0.0, 2.0]  # each its own results
    trained, *tested = commands
    weights = str(tool.folder_of(tmp_path, table, "MutualFormer", 1) / "model_final.pth")
    assert "--eval-only" not in trained and "MODEL.WEIGHTS" not in trained
    for command, feature in zip(tested, ("fused", "streams")):
        assert "--eval-only" in command and command[command.index("MODEL.WEIGHTS") + 1] == weights
        assert command[command.index("MODEL.MUTUALFORMER.TEST_FEATURE") + 1] == feature
        assert command[command.index("--config-file") + 1] == trained[trained.index("--config-file") + 1]
    assert [tool.run(table, row, 1, 3, tmp_path)["mAP"] for row in rows] == found and len(commands) == 3
