"""What the tests of the commands that search share."""

import pytest


def run(command, *arguments):
    command.main([str(argument) for argument in arguments])


def gallery(folder, index="g.index"):
    return ["--images", folder / "gallery", "--modality", "visible", "--index", folder / index]


def refused(capsys, command, *arguments):
    """The one line of a command that refuses its arguments."""
    capsys.readouterr()
    with pytest.raises(SystemExit, match="2"):
        run(command, *arguments)
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    return error
