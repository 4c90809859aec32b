"""The pages of all rows and of models say what the lists say."""

import write_model_page
import write_reproduce_page
from fastreid_mm.papers.submission import read_submissions


def test_the_page_of_rows_is_made_of_the_lists():
    assert write_reproduce_page.PAGE.read_text(encoding="utf-8") == write_reproduce_page.page()


def test_the_page_of_models_is_made_of_the_lists_and_the_rows():
    rows = read_submissions(write_model_page.ROWS)
    assert write_model_page.PAGE.read_text(encoding="utf-8") == write_model_page.page(rows)
