"""Lists of identities and of images in unusual forms: read as they are meant, or refused."""

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuzzing.layouts import Tree, llcm, regdb, scratch
from fuzzing.outcome import count, outcome
from fuzzing.trees import check, escaped

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


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of the readers of lists, by kind of list and whether it can be read at all."""
    from fastreid_mm.common.errors import InputError

    rng, counts = random.Random(seed), Counter()
    for index in range(times):
        kind = rng.choice(KINDS)
        wrong: list[str] = []
        with scratch() as root:
            read, name = kind(root, rng)
            result = outcome(lambda: wrong.extend(read()), (InputError,))  # noqa: B023  called at once
        if wrong:
            result = escaped(f"WRONG {wrong[0]}")
        count(counts, name, result, f"list {index} of seed {seed}")
    return counts


Try = tuple[Callable[[], list[str]], str]
"""Function that reads a list and returns what is wrong, and the kind of list."""


def identities(root: str, rng: random.Random) -> Try:
    """Write a list of identities as text."""
    ids = [rng.choice((0, 5, 17, 333, 1041, 10**9)) for _ in range(rng.choice((1, 2, 5, 30)))]
    words = [str(number).zfill(rng.choice((1, 1, 4))) for number in ids]
    faulty = rng.random() < 0.4
    if faulty:
        words[rng.randrange(len(words))] = rng.choice(NO_IDENTITY)
    text = "".join(word + rng.choice((",", ", ", " ", "\t", ",\n", rng.choice(ENDS))) for word in words)
    return _identity_list(root, _encoded(text, rng), ids, faulty)


def identity_bytes(root: str, rng: random.Random) -> Try:
    """Write a list of identities that is no text, or empty, or a folder."""
    content = rng.choice(
        (b"", b"\n\n", b" , ,", b"\xff\xfe5", bytes(rng.randbytes(40)) + b"z", "5,6".encode("utf-16-le"))
    )
    return _identity_list(root, content, [], True)


def _identity_list(root: str, content: bytes, ids: list[int], faulty: bool) -> Try:
    from fastreid_mm.evaluation import read_ids

    Path(root, "test_id.txt").write_bytes(content)

    def read() -> list[str]:
        read = read_ids(root, "test_id")
        return (
            [f"{content[:60]!r} read as {read[:9]}, not {'at all' if faulty else ids}"] if faulty or read != ids else []
        )

    return read, f"identities, {'faulty' if faulty else 'otherwise written'}"


def matlab(root: str, rng: random.Random) -> Try:
    """Write a list of identities as a MATLAB file."""
    from scipy.io import savemat

    from fastreid_mm.evaluation import read_ids

    ids, path = [rng.choice((1, 5, 333)) for _ in range(rng.choice((1, 2, 30)))], os.path.join(root, "test_id.mat")
    good = [np.array([ids], kind) for kind in (np.uint16, np.float64, np.int32)] + [np.array([ids]).T]
    bad = [np.array([ids]) + 0.5, np.array([ids]) * 1j, np.array([[np.nan]]), np.array([[np.inf]]), "5,6", [[-1]], []]
    faulty = rng.random() < 0.5
    savemat(path, {rng.choice(("id", "id", "ids")) if faulty else "id": rng.choice(bad if faulty else good)})
    if faulty and rng.random() < 0.3:
        content = Path(path).read_bytes()
        Path(path).write_bytes(content[: rng.randrange(len(content))])

    def read() -> list[str]:
        read = read_ids(root, "test_id")
        return [f"read as {read}, not {'at all' if faulty else ids}"] if faulty or read != ids else []

    return read, f"identities of MATLAB, {'faulty' if faulty else 'otherwise written'}"


def written_otherwise(root: str, rng: random.Random) -> Try:
    """Write lists of images with other separators, quotes, line ends and encodings."""
    tree = rng.choice((regdb, llcm))()
    odd = rng.choice(("", "", " a,b", "é", "行", " 3", "'"))
    for path in tree.images():
        stem, suffix = os.path.splitext(path)
        tree.move(path, stem + odd + suffix)
    lists = [name for name in tree.texts if "test_id" not in name]
    contents = {name: _encoded(_rewritten(tree.texts[name], rng), rng) for name in rng.sample(lists, 2)}
    return _split_lists(root, tree, contents, "otherwise written", lambda wrong: wrong)


def other_bytes(root: str, rng: random.Random) -> Try:
    """Write lists of images whose names are in another encoding."""
    tree = rng.choice((regdb, llcm))()
    for path in tree.images():
        stem, suffix = os.path.splitext(path)
        tree.move(path, stem + rng.choice(("\udce9", "\udcb1\udcb1")) + suffix)
    return _split_lists(root, tree, {}, "names in another encoding", lambda wrong: wrong)


def faulty(root: str, rng: random.Random) -> Try:
    """Write lists with a line that cannot be read, or names an image elsewhere, or one of another list."""
    tree = rng.choice((regdb, llcm))()
    name, other = rng.sample([name for name in tree.texts if "test_id" not in name], 2)
    lines, others = tree.texts[name].splitlines(), tree.texts[other].splitlines()
    image, _, label = rng.choice(lines).rpartition(" ")
    line = rng.choice((*NO_LINE, *OUTSIDE)).replace("{}", image)
    line = rng.choice((line, line, f"{image} {int(label) + 1}", rng.choice(others), f"{image}.txt {label}"))
    lines.insert(rng.randrange(len(lines) + 1), line)
    contents = {name: "\n".join(lines).encode("utf-8", "surrogateescape")}
    if rng.random() < 0.2:
        contents[name] = rng.choice(
            (b"", b"\n", rng.randbytes(60) + b"\nz", tree.texts[name].encode("utf-16-le"), b"\xff\xfe1")
        )
    return _split_lists(root, tree, contents, "faulty", lambda wrong: [f"{contents[name]!r} is read"])


def repeated(root: str, rng: random.Random) -> Try:
    """Write lists that name an image twice with the same label, which is reported and accepted."""
    tree = rng.choice((regdb, llcm))()
    name = rng.choice([name for name in tree.texts if "test_id" not in name])
    lines = tree.texts[name].splitlines()
    again = rng.choice(lines)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice((again, f"./{again}", again.replace("/", "//"))))
    contents = {name: "\n".join(lines).encode()}
    return _split_lists(root, tree, contents, "an image twice", lambda wrong: wrong, "named a second time")


def shorter(root: str, rng: random.Random) -> Try:
    """Write lists that lack images, which are reported as left out."""
    tree = rng.choice((regdb, llcm))()
    name = rng.choice([name for name in tree.texts if "test_id" not in name])
    lines = tree.texts[name].splitlines()
    lines.remove(rng.choice(lines))
    contents = {name: "\n".join(lines).encode()}
    return _split_lists(root, tree, contents, "an image not named", lambda wrong: wrong, "no list names it")


def _split_lists(
    root: str,
    tree: Tree,
    contents: dict[str, bytes],
    kind: str,
    judge: Callable[[list[str]], list[str]],
    said: str = "",
) -> Try:
    tree.write(root)
    for name, content in contents.items():
        Path(root, tree.folder, name).write_bytes(content)

    def read() -> list[str]:
        from fastreid_mm.data import datasets

        wrong = judge(check(tree, root))
        lines = getattr(datasets, tree.name)(root=root).left_out.found
        return wrong + ([f"{lines} does not say {said!r}"] if said not in " ".join(lines) else [])

    return read, f"images, {kind}"


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


def _encoded(text: str, rng: random.Random) -> bytes:
    return text.encode(rng.choice(ENCODINGS))


KINDS = (identities, identities, identity_bytes, matlab, written_otherwise, written_otherwise, other_bytes)
KINDS += (faulty, faulty, repeated, shorter)
