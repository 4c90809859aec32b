"""A trial of the table of starts."""

import start


def test_a_command_has_the_times_of_each_case_beside_pythons_own(capsys):
    start.main(["--commands", "make_table", "--rounds", "1"])
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows[0] == ["", "--help", "wrong argument", "missing file"]
    assert [row[0] for row in rows[2:]] == ["make_table", "Python alone"]
    assert all(cell and "+" not in cell and "status" not in cell for cell in rows[2]) and rows[3][1] and not rows[3][2]


def test_an_import_of_torch_and_another_status_are_seen(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    (tmp_path / "torch.py").write_text("")
    script.write_text("import sys\nif len(sys.argv) > 1:\n    import torch\n    sys.exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with_torch, without = start.measure(script, ["x"], 1), start.measure(script, [], 1)
    assert (with_torch.status, with_torch.torch, without.status, without.torch) == (3, True, 0, False)
    assert with_torch.wall > 0 < with_torch.processor and str(with_torch).endswith(" +")


def test_every_command_that_takes_a_file_has_one_that_is_missing():
    commands = {path.stem for path in start.TOOLS.glob("*.py")}
    assert commands - set(start.MISSING) == {"reproduce"} and set(start.MISSING) < commands
