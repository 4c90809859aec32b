"""How a program ends that refuses its input."""

import pytest

from fastreid_mm.errors import InputError, one_line_errors


@pytest.mark.parametrize(
    "said, line", [("no such file: a", "no such file: a"), ("  \n", "InputError"), ("", "InputError")]
)
def test_an_error_is_one_line_even_if_it_says_nothing(capsys, said, line):
    with pytest.raises(SystemExit, match="2"), one_line_errors():
        raise InputError(said)
    assert capsys.readouterr().err == f"error: {line}\n"
