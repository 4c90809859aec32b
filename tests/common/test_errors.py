"""How a program ends that refuses its input."""

import pytest

from fastreid_mm.common.errors import InputError, one_line_errors


@pytest.mark.parametrize(
    "said, line", [("no such file: a", "no such file: a"), ("  \n", "InputError"), ("", "InputError")]
)
def test_an_error_is_one_line_even_if_it_says_nothing(capsys, said, line):
    with pytest.raises(SystemExit, match="2"), one_line_errors():
        raise InputError(said)
    assert capsys.readouterr().err == f"error: {line}\n"


def test_what_would_break_the_line_is_escaped():
    assert str(InputError("a\nb\u2028c is missing\n")) == "a\\nb\\u2028c is missing"


def test_an_error_of_a_worker_process_is_that_of_the_block():
    said = "Caught InputError in worker process 0.\nOriginal Traceback:\nx\n"
    said += "fastreid_mm.common.errors.InputError: no file a\n"
    assert str(InputError(said)) == "no file a"
