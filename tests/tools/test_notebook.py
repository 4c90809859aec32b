"""The notebook of first steps: its cells run and print what is stored, but for numbers, and its page shows both."""

import re

from notebook import page, read_cells, run


def without_numbers(cells):
    return [[re.sub(r"\d+(\.\d+)?", "0", line) for line in printed(cell)] for cell in cells]


def printed(cell):
    return [line for output in cell.get("outputs", []) for line in output.get("text", [])]


def test_its_cells_run_and_print_what_is_stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = read_cells()
    done = run(stored)
    assert without_numbers(done) == without_numbers(stored)
    assert [len(cell.get("outputs", [])) for cell in done] == [len(cell.get("outputs", [])) for cell in stored]


def test_its_page_has_every_cell_and_every_output():
    cells = read_cells()
    text = page(cells)
    assert all("".join(cell["source"]) in text and "".join(printed(cell)) in text for cell in cells)
    assert text.count("```py\n") == sum(cell["cell_type"] == "code" for cell in cells) == 5
    assert text.count("data:image/png;base64,") == 1 and len(text) < 200_000
