#!/usr/bin/env python
"""Time what is fast here beside a baseline and a limit of the same machine, by turns, and print one table.

    python tools/benchmarks/speed.py [--lines "SYSU-MM01 protocol" step features] [--processor-time]
        [--output speed.json] [--against OLD.json] [--tiny]

--lines takes names of lines or their beginnings; each is measured in a process of its own. Times and ratios are medians
of several rounds after one that does not count, or of one if a call takes more than 20 seconds; their smallest and
largest stand beside them. Speeds differ between machines and hours, ratios hardly: --against compares the ratios of an
earlier file. Networks have random weights.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import cross_diffusion as attention
import evaluation
import market_protocol
import network_lines
import numpy as np
import query_adaptive
import sod_metric
import torch
from measured_line import Line, measure, ratios
from PIL import Image
from step import METHODS, config_of
from tabulate import tabulate
from torchvision.io import ImageReadMode, decode_jpeg

from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.run_record import run_record
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.data.augmentation import batch_augmentation
from fastreid_mm.data.image_set import ImageSet
from fastreid_mm.data.items import Item
from fastreid_mm.data.seeded_samples import SeededSamples
from fastreid_mm.data.transforms import build_transforms, reader, without_draws


def sysu(tiny: bool) -> Line:
    """All settings and trials of SYSU-MM01's protocol."""
    names = "loop over queries", "distances, and one sort of each row"
    return Line(*evaluation.ways(32 if tiny else 2048, 40 if tiny else None), names)


def market(tiny: bool) -> Line:
    """Market-1501's protocol with the cosine distance."""
    sizes = (40, 200, 16) if tiny else (3368, 15913, 2048)
    return Line(*market_protocol.ways(*sizes), (market_protocol.RANKING, "distances, and one sort of each row"))


def modulated(tiny: bool) -> Line:
    """Query-adaptive cosine at SYSU-MM01's single-shot size."""
    sizes = (40, 10, 2, 16) if tiny else (3803, 301, 6, 2048)
    return Line(*query_adaptive.ways(*sizes), ("gallery modulated for each query", "plain cosine"))


def diffusion(tiny: bool) -> Line:
    """Cross-diffusion attention forward and back, beside its formula as it is written."""
    sizes = {"tokens": 9, "heads": 2, "dim": 4, "batch": 1} if tiny else {"tokens": 465, "heads": 12, "dim": 64}
    tensors = attention.inputs(argparse.Namespace(**{"batch": 8, "device": "cpu"} | sizes))
    forms = (attention.products, attention.literal, attention.attention)
    return Line(*(partial(attention.step, form, tensors, True) for form in forms), ("formula", "fused cross-attention"))


def saliency_metrics(tiny: bool, folder: Path) -> Line:
    """Saliency metrics by two processes."""
    samples = sod_metric.make_samples(folder, *((4, 32) if tiny else (100, 352)))
    one, two = (partial(sod_metric.evaluate, samples, workers) for workers in (0, 2))
    return Line(two, one, one, ("one process", "half of one process"), 0.5)


def samples(method: str, is_train: bool, pixels: tuple[int, int], tiny: bool, folder: Path) -> Line:
    """Make 200 samples of JPEG files of (width, height) pixels in one process, as a loader's workers do.

    Beside Pillow's decoding and the same resize, and the decoding that is used here with that resize.
    """
    random, paths = np.random.default_rng(0), []
    for number in range(2 if tiny else 200):
        picture = Image.fromarray(random.integers(0, 256, (16, 8, 3), dtype=np.uint8))
        paths.append(str(folder / f"{number}.jpg"))
        picture.resize(pixels, Image.Resampling.BICUBIC).save(paths[-1], quality=95)
    cfg = config_of(METHODS[method], "cpu")
    height, width = cfg.INPUT.SIZE_TRAIN if is_train else cfg.INPUT.SIZE_TEST
    resize, transform = Image.Resampling[cfg.INPUT.RESIZE.upper()], build_transforms(cfg, is_train)
    augmentation = batch_augmentation(cfg, 0) if is_train else None
    if augmentation:
        transform = without_draws(transform)
    images = ImageSet([Item(path, 0, 0, None) for path in paths], transform, False, read=reader(transform))
    made, keys = SeededSamples(images, augmentation), [(0, 0, 0, index, 0) for index in range(len(paths))]

    def ours() -> None:
        if is_train:
            made.__getitems__(keys)
        else:
            for index in range(len(paths)):
                images[index]

    def pillow() -> None:
        for path in paths:
            with Image.open(path) as file:
                file.resize((width, height), resize) if pixels != (width, height) else file.load()

    def least() -> None:
        for path in paths:
            data = torch.frombuffer(bytearray(Path(path).read_bytes()), dtype=torch.uint8)
            image = decode_jpeg(data, ImageReadMode.RGB)
            if pixels != (width, height):
                Image.fromarray(image.permute(1, 2, 0).numpy()).resize((width, height), resize)

    needed = "decode" if pixels == (width, height) else "decode and resize"
    return Line(ours, pillow, least, (f"{needed} by Pillow", f"{needed} by torchvision and Pillow"))


LINES: dict[str, Callable[[bool, Path], Line]] = {
    "SYSU-MM01 protocol": lambda tiny, folder: sysu(tiny),
    "Market-1501 protocol": lambda tiny, folder: market(tiny),
    "query-adaptive cosine": lambda tiny, folder: modulated(tiny),
    "cross-diffusion": lambda tiny, folder: diffusion(tiny),
    "saliency metrics": saliency_metrics,
    "test images": partial(samples, "CMT", False, (128, 256)),
    "small training images": partial(samples, "CMTR", True, (64, 128)),
    "training images": partial(samples, "CMTR", True, (128, 256)),
    "features of AGW": lambda tiny, folder: network_lines.features("AGW", 4 if tiny else 32, tiny),
    "features of AGW in float32": lambda tiny, _: network_lines.features("AGW", 4 if tiny else 32, tiny, "float32"),
    "features of CMTR": lambda tiny, folder: network_lines.features("CMTR", 4, tiny),
    "features of CMTR in float32": lambda tiny, folder: network_lines.tokens_in_float32(tiny),
    "saliency network": lambda tiny, folder: network_lines.saliency(tiny),
    **{f"step of {name}": lambda tiny, _, name=name: network_lines.step(name, tiny) for name in METHODS},
}


def lines_of(text: str) -> list[str]:
    """Return the line of a name, or those whose names begin with it."""
    found = [text] if text in LINES else [name for name in LINES if name.startswith(text)]
    if not found:
        raise argparse.ArgumentTypeError(f"no line begins with {text!r}: {', '.join(LINES)}")
    return found


def measured(name: str, tiny: bool, rounds: int, processor_time: bool) -> dict:
    """Measure a line by its name."""
    with tempfile.TemporaryDirectory() as folder:
        line, clock = LINES[name](tiny, Path(folder)), time.process_time if processor_time else time.perf_counter
        return {**measure(line, rounds, clock), "names": line.names}


def measured_apart(name: str, rounds: int, processor_time: bool) -> dict:
    """Measure a line by this command in a new process: what others leave in memory changes its ratios by a fifth."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "line.json")
        words = [sys.executable, __file__, "--lines", name, "--rounds", str(rounds), "--output", str(output)]
        subprocess.run([*words, *["--processor-time"] * processor_time], check=True, stdout=subprocess.DEVNULL)
        return earlier(output)[name]


def machine() -> dict[str, object]:
    """Name the processor, its instruction sets, and the number of threads."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    sets = sorted(flag for flag in facts.get("flags", "").split() if flag.startswith("amx") or flag.endswith("_bf16"))
    name, kernels = facts.get("model name", "unknown"), torch.backends.cpu.get_cpu_capability()
    return {"processor": name, "kernels": kernels, "instructions": sets, "threads": torch.get_num_threads()}


def table(found: dict[str, dict], old: dict[str, dict]) -> str:
    """Write the lines as a table, with the ratios of an earlier file if there is one."""
    keys = ("times as fast as the baseline", "share of the limit")
    rows = []
    for name, line in found.items():
        ours = line["seconds"]["ours"]
        row = [name, f"{median(ours):.3g} s{spread(ours, '.3g')}"]
        for key, call, other in zip(keys, ("baseline", "limit"), line["names"]):
            before = f", before {old[name][key]:.2f}" if name in old else ""
            found_here = ratios(line["seconds"][call], ours)
            row.append(f"{other}: {median(found_here):.2f}{spread(found_here, '.2f')}{before}")
        rows.append(row)
    return tabulate(rows, ["", "time", *keys], "github", disable_numparse=True)


def spread(numbers: list[float], form: str) -> str:
    return f" ({min(numbers):{form}} to {max(numbers):{form}})" if len(numbers) > 1 else ""


def earlier(path: Path) -> dict[str, dict]:
    try:
        return json.loads(path.read_text())["lines"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no earlier file of this command: {error}") from None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", nargs="+", type=lines_of, default=[list(LINES)], metavar="LINE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor-time", action="store_true", help="for a machine that does other work, too")
    parser.add_argument("--output", type=Path, default=Path("speed.json"))
    parser.add_argument("--against", type=Path, help="file of an earlier run, to compare the ratios with")
    parser.add_argument("--tiny", action="store_true", help="sizes for a trial of this command, all in one process")
    args = parser.parse_args(arguments)
    with one_line_errors():
        old = earlier(args.against) if args.against else {}
        found: dict[str, dict] = {}
        record = {"machine": machine(), "run": run_record(processor_time=args.processor_time), "lines": found}
        print(json.dumps(record["machine"]), flush=True)
        names = list(dict.fromkeys(name for names in args.lines for name in names))
        for name in names:
            if args.processor_time and name == "saliency metrics":
                print(f"left out, as the time of its other processes is not known: {name}")
                continue
            if args.tiny or len(names) == 1:
                found[name] = measured(name, args.tiny, args.rounds, args.processor_time)
            else:
                found[name] = measured_apart(name, args.rounds, args.processor_time)
            write_text(args.output, json.dumps(record, indent=1))
            print(f"measured: {name}", flush=True)
        print(table(found, old))


if __name__ == "__main__":
    main()
