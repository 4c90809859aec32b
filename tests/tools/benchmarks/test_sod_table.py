import json
import subprocess
from pathlib import Path

import sod_table


def test_results_are_of_the_epochs_that_were_asked_for(tmp_path, monkeypatch):
    ran = []

    def pretend(command, **_):
        ran.append(command)
        found = {"toy": {"Sm": float(len(ran))}}
        (Path(command[command.index("--work-dir") + 1]) / "sod_results.json").write_text(json.dumps(found))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", pretend)
    found = [sod_table.run("Add", 1, epochs, tmp_path)["Sm"] for epochs in (3, 8, 3)]
    assert found == [1.0, 2.0, 1.0]
