#!/usr/bin/env python
"""Train every method and ablation step on RoadScene, small and from scratch, and print a table.

    FASTREID_DATASETS=datasets python tools/benchmarks/roadscene_table.py [SYSU-MM01 | RGBNT201 | RGBN300]
        [--seeds 1 2 3] [--rows AGW CMT] [--output DIR]

for the sets that tools/prepare/prepare_roadscene.py makes. All rows of a table see equally many images of the same size
in batches of the same size. A run that has its results is not run again, one that was interrupted goes on: just repeat
the command. Two copies of it with different --seeds or --rows may run at a time.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

TOOLS = Path(__file__).parent.parent
CONFIGS = TOOLS.parent / "configs" / "demo"
SMALL = ["SOLVER.CHECKPOINT_PERIOD", "4", "TEST.RANKED_LISTS", "0", "MODEL.BACKBONE.RESNET.NAME", "resnet10t"]
UPRIGHT = ["INPUT.SIZE_TRAIN", "[64, 32]", "INPUT.SIZE_TEST", "[64, 32]"]
WIDE = ["INPUT.SIZE_TRAIN", "[32, 64]", "INPUT.SIZE_TEST", "[32, 64]"]
NO_AUXILIARY = ["MODEL.MUN.IDC", "False", "MODEL.MUN.IA", "False", "MODEL.MUN.MA", "False"]
PLAIN_IEEE = ["MODEL.IEEE.LOSS", "none", "MODEL.IEEE.REM", "none", "MODEL.IEEE.CIM", "False"]


@dataclass(frozen=True)
class Table:
    """What is trained on one data set.

    Attributes:
        dataset, setting: their names in ``results.json``.
        metrics: the columns.
        epochs: of every row unless told otherwise.
        budget: config options of every row.
        rows: name to config file and options.
        reference: the row whose untrained network is shown, with chance.
        retested: name to the row whose trained network is tested once more, and the options of that test.
    """

    dataset: str
    setting: str
    metrics: tuple[str, ...]
    epochs: int
    budget: list[str]
    rows: dict[str, tuple[str, list[str]]]
    reference: str
    retested: dict[str, tuple[str, list[str]]] = field(default_factory=dict)


TABLES = {
    "SYSU-MM01": Table(
        "SYSUMM01",
        "all_search_1shot",
        ("Rank-1", "Rank-10", "mAP", "mINP"),
        10,
        [
            *UPRIGHT,
            "INPUT.PADDING.ENABLED",
            "True",
            "INPUT.PADDING.SIZE",
            "5",
            "SOLVER.IMS_PER_BATCH",
            "64",
            "DATALOADER.NUM_INSTANCE",
            "4",
        ],
        {
            "AGW": ("agw", []),
            "HCT (CMT's base)": ("hct", []),
            "CMTR": ("cmtr", ["MODEL.BACKBONE.STRIDE_SIZE", "(6, 6)"]),
            "CMT, + MAM": ("cmt", ["MODEL.CMT.INSTANCE_ALIGNMENT", "False"]),
            "CMT, + IAM": ("cmt", ["MODEL.CMT.MODALITY_ALIGNMENT", "False"]),
            "CMT": ("cmt", []),
            "MUN, base": ("mun", ["MODEL.MUN.AUXILIARY", "none", *NO_AUXILIARY]),
            "MUN, + Aux": ("mun", ["MODEL.MUN.SIMPLE_AUX_ID", "True", *NO_AUXILIARY]),
            "MUN, + L_idc": ("mun", NO_AUXILIARY[2:]),
            "MUN, + L_idc + L_ia": ("mun", NO_AUXILIARY[4:]),
            "MUN, + L_idc + L_ma": ("mun", NO_AUXILIARY[2:4]),
            "MUN": ("mun", []),
        },
        "AGW",
    ),
    "RGBNT201": Table(
        "RGBNT201",
        "test",
        ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP"),
        3,
        [*UPRIGHT, "SOLVER.IMS_PER_BATCH", "16", "MODEL.IEEE.PARTS", "2"],
        {
            "three streams": ("ieee", PLAIN_IEEE),
            "+ CIM": ("ieee", PLAIN_IEEE[:4]),
            "+ CIM + 3M": ("ieee", PLAIN_IEEE[2:4]),
            "IEEE (+ CIM + 3M + REM)": ("ieee", []),
        },
        "IEEE (+ CIM + 3M + REM)",
    ),
    "RGBN300": Table(
        "RGBN300",
        "test",
        ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP"),
        3,
        [*WIDE, "SOLVER.IMS_PER_BATCH", "16", "MODEL.MUTUALFORMER.TRIPLET", "1.0"],  # HAMNet has that loss too
        {
            "HAMNet": ("hamnet", []),
            "add": ("mutualformer", ["MODEL.MUTUALFORMER.FUSION", "add"]),
            "concatenate": ("mutualformer", ["MODEL.MUTUALFORMER.FUSION", "concatenate"]),
            "transformer": ("mutualformer", ["MODEL.MUTUALFORMER.FUSION", "transformer"]),
            "cross-attention": ("mutualformer", ["MODEL.MUTUALFORMER.FUSION", "cross_attention"]),
            "cross-attention with diffusion": ("mutualformer", ["MODEL.MUTUALFORMER.FUSION", "cross_diffusion"]),
            "MutualFormer": ("mutualformer", []),
        },
        "MutualFormer",
        {
            f"MutualFormer, {feature} only": ("MutualFormer", ["MODEL.MUTUALFORMER.TEST_FEATURE", feature])
            for feature in ("fused", "streams")
        },
    ),
}


def folder_of(output: Path, table: Table, row: str, seed: int) -> Path:
    """Where a run leaves its results."""
    return output / table.dataset / "".join(c if c.isalnum() else "_" for c in row) / f"seed_{seed}"


def run(table: Table, row: str, seed: int, epochs: int, output: Path) -> dict[str, float]:
    """Train a row with a seed, or test a trained one once more, unless that is done, and return its metrics."""
    folder = folder_of(output, table, row, seed)
    if not (folder / "results.json").is_file():
        trained, test = table.retested.get(row, (row, []))
        config, options = table.rows[trained]
        mode = "--resume"
        if trained != row:
            run(table, trained, seed, epochs, output)
            mode, weights = "--eval-only", folder_of(output, table, trained, seed) / "model_final.pth"
            test = ["MODEL.WEIGHTS", str(weights), *test]
        # steps count from the end of the warm-up, which only CMTR's config has, an epoch or two long
        schedule = ["SOLVER.MAX_EPOCH", str(epochs), "SOLVER.STEPS", f"[{round(0.7 * epochs)}, {round(0.9 * epochs)}]"]
        command = [
            sys.executable,
            str(TOOLS / "train_net.py"),
            mode,
            "--config-file",
            str(CONFIGS / f"{config}.yml"),
            *SMALL,
            *table.budget,
            *schedule,
            *options,
            *test,
            "TEST.REFERENCES",
            str(row == table.reference),
            "SEED",
            str(seed),
            "OUTPUT_DIR",
            str(folder),
        ]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "train.log").open("w") as log:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if status:
            raise SystemExit(f"{row}, seed {seed} failed: see {folder / 'train.log'}")
    return _read(folder / "results.json", table)


def references(table: Table, seeds: list[int], output: Path) -> dict[str, list[dict[str, float]]]:
    """The untrained network's metrics for each seed, and chance's."""
    paths = [folder_of(output, table, table.reference, seed) / "references.json" for seed in seeds]
    found = [json.loads(path.read_text()) for path in paths if path.is_file()]
    return {
        name: [each[name][table.dataset][table.setting] for each in found[:count]]
        for name, count in (("untrained", len(found)), ("chance", 1))
        if found
    }


def line(name: str, found: list[dict[str, float]], metrics: tuple[str, ...]) -> str:
    """A row of the table: mean and sample standard deviation over the seeds."""
    values = [[each[metric] for each in found] for metric in metrics]
    cells = [f"{mean(v):.1f} ± {stdev(v):.1f}" if len(v) > 1 else f"{v[0]:.1f}" for v in values]
    return f"| {name} | {' | '.join(cells)} |"


def _read(path: Path, table: Table) -> dict[str, float]:
    return json.loads(path.read_text())[table.dataset][table.setting]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=list(TABLES), nargs="?", default="SYSU-MM01")
    parser.add_argument("--output", type=Path, default=Path("logs/roadscene"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=0, help="0 for those of the table")
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="names of rows, all if not given")
    args = parser.parse_args()
    table = TABLES[args.table]
    known = [*table.rows, *table.retested]
    rows, epochs = args.rows or known, args.epochs or table.epochs
    unknown = [row for row in rows if row not in known]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r} in {'; '.join(known)}")
    for seed in args.seeds:  # whatever is cut short then has all rows
        for row in rows:
            run(table, row, seed, epochs, args.output)
    print(f"| {table.setting}, {epochs} epochs | {' | '.join(table.metrics)} |\n|{' --- |' * (1 + len(table.metrics))}")
    for row in rows:
        print(line(row, [run(table, row, seed, epochs, args.output) for seed in args.seeds], table.metrics))
    if table.reference in rows:
        for name, found in references(table, args.seeds, args.output).items():
            print(line(name, found, table.metrics))


if __name__ == "__main__":
    main()
