"""The page of all rows says what the lists say."""

import write_reproduce_page as tool


def test_the_page_is_made_of_the_lists():
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page()
