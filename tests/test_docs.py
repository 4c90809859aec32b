"""README and docs: their code runs as it stands there, and what they name exists."""

import importlib
import json
import re
import runpy
import shlex
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from fastreid_mm.modeling import LOSS_REGISTRY

PROJECT = Path(__file__).parent.parent
PAGES = {
    str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
    for path in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md")))
}
PLACEHOLDERS = ("NAME", "METHOD", "SET")
LINES = 120


def blocks(language: str) -> dict[str, str]:
    """Code by page and number."""
    return {
        f"{page}:{number}": dedent(code)
        for page, text in PAGES.items()
        for number, code in enumerate(re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE), 1)
    }


PYTHON = blocks("python")
SCRIPTS = {name for name, code in PYTHON.items() if "parse_args()" in code}


def commands() -> list[list[str]]:
    """The words of every command in a shell block, without variables before it."""
    code = "\n".join(blocks("bash").values()).replace("\\\n", " ")  # a command may go on in the next line
    lines = [part for line in code.splitlines() for part in line.split(" && ")]
    words = [shlex.split(line, comments=True) for line in lines]
    return [
        line[next((i for i, word in enumerate(line) if not re.match(r"[A-Z_]+=", word)), 0) :] for line in words if line
    ]


def started(command: list[str]) -> list[str]:
    """What a command starts, with its options; nothing if it is not of this project."""
    if command[0].startswith(("fastreid-mm-", "mmseg-mm-")):
        return command
    return command[1:] if command[0] == "python" else []


STARTED = sorted({words[0] for words in map(started, commands()) if words})
"""Scripts and installed commands, each once."""


@pytest.fixture
def own_losses(monkeypatch):
    """Forget the losses that a block has registered, as other tests build every loss there is."""
    monkeypatch.setattr(LOSS_REGISTRY, "_obj_map", dict(LOSS_REGISTRY._obj_map))


@pytest.mark.parametrize("name", [name for name in PYTHON if name not in SCRIPTS])
@pytest.mark.usefixtures("own_losses")
def test_a_block_runs_with_its_tests(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where a reader may be
    names = {"__name__": "docs"}
    exec(PYTHON[name], names)
    for test in [value for key, value in names.items() if key.startswith("test_")]:
        test()


@pytest.mark.parametrize("name", STARTED)
def test_a_command_starts_and_knows_its_options(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as end:
        start(name, monkeypatch)
    assert not end.value.code
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    used = {
        word
        for words in map(started, commands())
        if words and words[0] == name
        for word in words
        if word.startswith("--")
    }
    assert used <= known


def test_the_readme_prints_what_it_says(capsys):
    exec(PYTHON["README.md:1"], {})
    assert capsys.readouterr().out == blocks("text")["README.md:1"]


def start(name: str, monkeypatch) -> None:
    """In this process, which has imported the hosts already."""
    if name.endswith(".py"):
        monkeypatch.syspath_prepend(str((PROJECT / name).parent))
        runpy.run_path(str(PROJECT / name), run_name="__main__")
    place = dict(re.findall(r'"([\w-]+)": "(\w+:\w+)"', (PROJECT / "setup.py").read_text()))[name]
    module, function = place.split(":")
    getattr(importlib.import_module(f"fastreid_mm.commands.{module}"), function)()


def test_make_has_the_targets_that_are_named():
    targets = set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {word for command in commands() if command[0] == "make" for word in command[1:] if "=" not in word}
    assert named and named <= targets


def test_the_train_script_runs_resumes_and_leaves_its_results(tmp_path, tiny_config, sysu_datasets, monkeypatch):
    (name,) = SCRIPTS

    def run(*options: str) -> None:
        monkeypatch.setattr(sys, "argv", ["train.py", "--config-file", tiny_config(), *options, "SEED", "-1"])
        exec(PYTHON[name], {"__name__": "__main__"})

    run("SOLVER.MAX_EPOCH", "1")
    first = json.loads((tmp_path / "out" / "results.json").read_text())
    assert 0 < first["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    run("--resume")
    assert json.loads((tmp_path / "out" / "results.json").read_text()) != first
    log = (tmp_path / "out" / "log.txt").read_text()
    seeds = re.findall(r"Seed (\d+)", log)
    assert len(set(seeds)) == 2 and seeds[0] == seeds[-1]  # the second run drew one, then took up the first one's
    assert log.count("| all_search_1shot") == 2


@pytest.mark.parametrize("config", ["configs/SYSU/cmtr.yml", "SYSU/cmtr.yml", str(PROJECT / "configs/SYSU/cmtr.yml")])
def test_the_train_script_says_in_one_line_what_is_missing(config, tmp_path, monkeypatch, capsys):
    (name,) = SCRIPTS
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["train.py", "--config-file", config])
    with pytest.raises(SystemExit, match="2"):
        exec(PYTHON[name], {"__name__": "__main__"})
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: SYSU-MM01: folder ") and "FASTREID_DATASETS" in line


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in re.findall(r'(?:\]\(|src=")([^)"\s]+)', PAGES[page]):
        if not link.startswith("http"):
            path, _, anchor = link.partition("#")
            target = (PROJECT / page).parent / path if path else PROJECT / page
            assert target.is_file(), link
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    named = re.findall(r"\b(?:configs|tools|tests|docs|fastreid_mm|mmseg_mm)/[\w./-]+\.(?:py|yml|md|png)", PAGES[page])
    missing = {name for name in named if not (PROJECT / name).is_file()}
    assert not [name for name in missing if not any(word in name for word in PLACEHOLDERS)]


def test_keys_that_are_named_exist(tiny_cfg):
    cfg = tiny_cfg()
    for page, text in PAGES.items():
        for key in re.findall(r"\b(?:MODEL|TEST|DATASETS|DATALOADER|INPUT|SOLVER)(?:\.[A-Z0-9_]+)+", text):
            node = cfg
            for name in [] if "METHOD" in key or key.startswith("MODEL.PLAIN") else key.split("."):
                assert name in node, f"{page}: {key}"
                node = node[name]


@pytest.mark.parametrize(
    "package", [f"fastreid_mm.{name}" for name in ("layers", "losses", "evaluation", "corruptions")]
)
def test_the_api_has_what_a_package_offers(package):
    """A function in a file of its own name hides behind the file, and has to be named itself."""
    named = set(re.findall(r"^::: (\S+)$", PAGES["docs/api.md"], re.MULTILINE))
    files = {path.stem for path in (PROJECT / package.replace(".", "/")).glob("*.py")}
    offered = importlib.import_module(package).__all__
    assert {f"{package}.{name}.{name}" for name in offered if name in files} == {
        name for name in named if name.startswith(f"{package}.")
    }
    assert package in named


def test_the_readme_is_short_and_its_pictures_are_small():
    assert len(PAGES["README.md"].splitlines()) <= LINES
    pictures = [picture.stat().st_size for picture in (PROJECT / "docs" / "images").iterdir()]
    assert max(pictures) < 200_000 and sum(pictures) < 1_000_000
