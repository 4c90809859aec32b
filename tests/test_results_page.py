"""The page of results says what was measured: its tables are those of the measurements beside it."""

import json
from pathlib import Path

import pytest
from comparison import report
from comparison.experiments import EXPERIMENTS

DOCS = Path(__file__).parent.parent / "docs"
MEASURED = sorted((DOCS / "measurements").glob("*.json"))


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_the_tables_are_those_of_the_measurements(path):
    experiment, measured = EXPERIMENTS[path.stem], json.loads(path.read_text())
    page = (DOCS / "results.md").read_text()
    for part in (report.table(experiment, measured), report.differences(experiment, measured)):
        assert part in page
