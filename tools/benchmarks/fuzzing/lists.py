"""Lists of identities and of images in unusual forms: read as they are meant, or refused."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.io import savemat

from fastreid_mm.evaluation import read_ids
from fuzzing.campaign import Try
from fuzzing.layouts import Tree, llcm, regdb
from fuzzing.trees import build, check

ENDS = ("\n", "\r\n", "\r", "\n\n", " \n", "\t\r\n")
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16")
NO_IDENTITY = ("x", "1.5", "-3", "5;6", "5-7", "# all", "nan", str(10**30), "\0", "５", "0x10", "1e3", "[5]", "\ufffd")
NO_LINE = ("{}", "{} x", "{} -1", "{} 1.5", f"{{}} {10**30}", "# {} 0", "path label", "\0 0", "{}\0 1", "0", "{} ５")
OUTSIDE = (
    "../RegDB/{} 0",
    "/etc/{} 0",
    "{}/../../x.jpg 0",
    "..\\{} 0",
    "C:\\{} 0",
    "gone/{} 0",
    "idx 0",
    "idx/a.txt 0",
)

Call = tuple[str, Callable[[], object]]
"""Kind of a list, and function that reads it."""


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Write a list of some kind, and read it."""
    while True:
        write = rng.choice(KINDS)
        with TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as root:
            kind, call = write(root, rng)
            yield Try({kind: call}, write.__name__)


def identities(root: str, rng: random.Random) -> Call:
    """Write a list of identities as text."""
    ids = [rng.choice((0, 5, 17, 333, 1041, 10**9)) for _ in range(rng.choice((1, 2, 5, 30)))]
    words = [str(number).zfill(rng.choice((1, 1, 4))) for number in ids]
    faulty = rng.random() < 0.4
    if faulty:
        words[rng.randrange(len(words))] = rng.choice(NO_IDENTITY)
    text = "".join(word + rng.choice((",", ", ", " ", "\t", ",\n", rng.choice(ENDS))) for word in words)
    Path(root, "test_id.txt").write_bytes(text.encode(rng.choice(ENCODINGS)))
    return _read_ids(root, "identities", None if faulty else ids)


def identity_bytes(root: str, rng: random.Random) -> Call:
    """Write a list of identities that is no text, or empty."""
    contents = (b"", b"\n\n", b" , ,", b"\xff\xfe5", rng.randbytes(40) + b"z", "5,6".encode("utf-16-le"))
    Path(root, "test_id.txt").write_bytes(rng.choice(contents))
    return _read_ids(root, "identities", None)


def matlab(root: str, rng: random.Random) -> Call:
    """Write a list of identities as a MATLAB file."""
    ids, path = [rng.choice((1, 5, 333)) for _ in range(rng.choice((1, 2, 30)))], Path(root, "test_id.mat")
    good = [np.array([ids], kind) for kind in (np.uint16, np.float64, np.int32)] + [np.array([ids]).T]
    bad = [np.array([ids]) + 0.5, np.array([ids]) * 1j, np.array([[np.nan]]), np.array([[np.inf]]), "5,6", [[-1]], []]
    faulty = rng.random() < 0.5
    savemat(path, {rng.choice(("id", "id", "ids")) if faulty else "id": rng.choice(bad if faulty else good)})
    if faulty and rng.random() < 0.3:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(len(content))])
    return _read_ids(root, "identities of MATLAB", None if faulty else ids)


def _read_ids(root: str, kind: str, ids: list[int] | None) -> Call:
    """Read a list of identities that should be these, or cannot be read."""

    def call() -> None:
        read = read_ids(root, "test_id")
        if read != ids:
            raise AssertionError(f"read as {read[:9]}, not {'at all' if ids is None else ids}")

    return f"{kind}, {'faulty' if ids is None else 'otherwise written'}", call


def written_otherwise(root: str, rng: random.Random) -> Call:
    """Write lists of images with other separators, quotes, line ends and encodings."""
    tree = rng.choice((regdb, llcm))()
    odd = rng.choice(("", "", " a,b", "é", "行", " 3", "'"))
    for path in tree.images():
        stem, suffix = os.path.splitext(path)
        tree.move(path, stem + odd + suffix)
    chosen = rng.sample(_lists(tree), 2)
    contents = {name: _rewritten(tree.texts[name], rng).encode(rng.choice(ENCODINGS)) for name in chosen}
    return _images(root, tree, contents, "otherwise written")


def other_bytes(root: str, rng: random.Random) -> Call:
    """Write lists of images whose names are in another encoding."""
    tree = rng.choice((regdb, llcm))()
    for path in tree.images():
        stem, suffix = os.path.splitext(path)
        tree.move(path, stem + rng.choice(("\udce9", "\udcb1\udcb1")) + suffix)
    return _images(root, tree, {}, "names in another encoding")


def faulty(root: str, rng: random.Random) -> Call:
    """Write lists with a line that cannot be read, or names an image elsewhere, or one of another list."""
    tree = rng.choice((regdb, llcm))()
    name, other = rng.sample(_lists(tree), 2)
    lines, others = tree.texts[name].splitlines(), tree.texts[other].splitlines()
    image, _, label = rng.choice(lines).rpartition(" ")
    line = rng.choice((*NO_LINE, *OUTSIDE)).replace("{}", image)
    line = rng.choice((line, line, f"{image} {int(label) + 1}", rng.choice(others), f"{image}.txt {label}"))
    lines.insert(rng.randrange(len(lines) + 1), line)
    content = "\n".join(lines).encode("utf-8", "surrogateescape")
    if rng.random() < 0.2:
        no_text = rng.randbytes(60) + b"\nz"
        content = rng.choice((b"", b"\n", no_text, tree.texts[name].encode("utf-16-le"), b"\xff\xfe1"))
    return _images(root, tree, {name: content}, "faulty", said=None)


def repeated(root: str, rng: random.Random) -> Call:
    """Write lists that name an image twice with the same label, which is reported and accepted."""
    tree = rng.choice((regdb, llcm))()
    name = rng.choice(_lists(tree))
    lines = tree.texts[name].splitlines()
    again = rng.choice(lines)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice((again, f"./{again}", again.replace("/", "//"))))
    return _images(root, tree, {name: "\n".join(lines).encode()}, "an image twice", "named a second time")


def shorter(root: str, rng: random.Random) -> Call:
    """Write lists that lack images, which are reported as left out."""
    tree = rng.choice((regdb, llcm))()
    name = rng.choice(_lists(tree))
    lines = tree.texts[name].splitlines()
    lines.remove(rng.choice(lines))
    return _images(root, tree, {name: "\n".join(lines).encode()}, "an image not named", "no list names it")


def _lists(tree: Tree) -> list[str]:
    """Return the names of a tree's lists of images."""
    return [name for name in tree.texts if "test_id" not in name]


def _images(root: str, tree: Tree, contents: dict[str, bytes], kind: str, said: str | None = "") -> Call:
    """Write a tree with other contents of lists, and read it: it should be reported with these words, or refused."""
    tree.write(root)
    for name, content in contents.items():
        Path(root, tree.folder, name).write_bytes(content)

    def call() -> None:
        if said is None:
            build(tree, root)
            raise AssertionError(f"{contents} is read")
        lines = check(tree, root)
        if said not in " ".join(lines):
            raise AssertionError(f"{lines} does not say {said!r}")

    return f"images, {kind}", call


def _rewritten(text: str, rng: random.Random) -> str:
    """Write the same lines in another form."""
    between, quote = rng.choice((" ", "\t", "   ", ",", ", ", " \t", ";")), rng.choice(("", "", "", '"'))
    start, slash = rng.choice(("", "", "./")), rng.choice(("/", "/", "\\", "//"))
    end, last = rng.choice(ENDS), rng.choice(("", "", ",", " "))
    lines = []
    for line in text.splitlines():
        name, _, label = line.rpartition(" ")
        lines.append(f"{quote}{start}{name.replace('/', slash)}{quote}{between}{label}{last}")
    rng.shuffle(lines)
    return end.join(lines) + rng.choice(("", end))


KINDS = (identities, identities, identity_bytes, matlab, written_otherwise, written_otherwise, other_bytes)
KINDS += (faulty, faulty, repeated, shorter)
