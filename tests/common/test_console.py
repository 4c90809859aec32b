"""Names that a terminal or a log cannot print."""

import io
import logging
import os
import subprocess
import sys

import pytest

from fastreid_mm.common.console import encodable, prepare_console, printable
from fastreid_mm.common.errors import InputError, one_line_errors

NAME = os.fsdecode("行人1.png".encode("gbk"))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_what_a_strict_terminal_cannot_print_is_escaped(monkeypatch, encoding):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding, "strict"))
    with one_line_errors():
        print(NAME, "Ж")
    text = printed.getvalue().decode(encoding)
    assert "\\udcd0" in text and "1.png" in text and ("Ж" if encoding == "utf-8" else "\\u0416") in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_log_in_the_encoding_of_the_locale_takes_any_name(monkeypatch, encoding, tmp_path, capsys):
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: encoding)
    prepare_console()
    logger, handler = logging.getLogger("names"), logging.FileHandler(tmp_path / "log.txt", encoding=encoding)
    logger.addHandler(handler)
    logger.warning("%s is left out", NAME)
    logger.removeHandler(handler)
    handler.close()
    assert "\\udcd0" in (tmp_path / "log.txt").read_text(encoding) and "Traceback" not in capsys.readouterr().err


def test_an_error_with_a_line_break_in_a_name_is_one_line(capsys):
    with pytest.raises(SystemExit, match="2"), one_line_errors():
        raise InputError("cannot read image a\nb\x1b[2J.png: it is empty")
    assert capsys.readouterr().err == "error: cannot read image a\\nb\\x1b[2J.png: it is empty\n"
    assert printable(NAME + "\u2028ü") == "\\udcd0\\udcd0\\udcc8\\udccb1.png\\u2028ü"
    assert encodable("ü\udcff", "ascii") == "\\xfc\\udcff"


@pytest.mark.parametrize("lines", [1, 100_000])
def test_nobody_reads_on(lines):
    code = "from fastreid_mm.common.errors import one_line_errors\n"
    code += f"with one_line_errors():\n for _ in range({lines}): print('x')"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait() == 141
