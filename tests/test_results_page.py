"""The page of results says what was measured: its tables are those of the measurements beside it."""

import json
from pathlib import Path

import pytest
from comparison import report
from comparison.experiments import CLAIMS, EXPERIMENTS

DOCS = Path(__file__).parent.parent / "docs"
MEASURED = {path.stem: json.loads(path.read_text()) for path in (DOCS / "measurements").glob("*.json")}
PAGE = (DOCS / "results.md").read_text()


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_the_table_is_that_of_the_measurements(name):
    assert report.table(EXPERIMENTS[name], MEASURED[name]) in PAGE


@pytest.mark.parametrize(
    "claim", [claim for claim in CLAIMS if claim.experiment in MEASURED], ids=lambda claim: claim.text
)
def test_verdicts_on_claims_are_those_of_the_measurements(claim):
    assert report.verdict(claim, MEASURED[claim.experiment]) in PAGE
