#!/usr/bin/env python
"""Train every visible-infrared method and ablation step on RoadScene-VI, small and from scratch, and print a table.

    FASTREID_DATASETS=datasets python tools/roadscene_table.py [--seeds 1 2 3] [--rows AGW CMT] [--output DIR]

All rows see equally many images of the same size in batches of the same size. A run that has its results is not run
again, one that was interrupted goes on: just repeat the command. Two copies of it with different --seeds or --rows may
run at a time.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

CONFIGS = Path(__file__).parent.parent / "configs" / "demo"
BUDGET = ["INPUT.SIZE_TRAIN", "[64, 32]", "INPUT.SIZE_TEST", "[64, 32]", "INPUT.PADDING.ENABLED", "True",
          "INPUT.PADDING.SIZE", "5", "SOLVER.IMS_PER_BATCH", "64", "DATALOADER.NUM_INSTANCE", "4",
          "SOLVER.CHECKPOINT_PERIOD", "4", "TEST.REFERENCES", "False", "TEST.RANKED_LISTS", "0"]
SMALL_RESNET = ["MODEL.BACKBONE.RESNET.NAME", "resnet10t"]
NO_AUXILIARY = ["MODEL.MUN.IDC", "False", "MODEL.MUN.IA", "False", "MODEL.MUN.MA", "False"]
ROWS = {
    "AGW": ("agw", []),
    "HCT (CMT's base)": ("hct", []),
    "CMTR": ("cmtr", ["MODEL.BACKBONE.STRIDE_SIZE", "(6, 6)"]),
    "CMT, + MAM": ("cmt", ["MODEL.CMT.INSTANCE_ALIGNMENT", "False"]),
    "CMT, + IAM": ("cmt", ["MODEL.CMT.MODALITY_ALIGNMENT", "False"]),
    "CMT": ("cmt", []),
    "CMT, centres not detached": ("cmt", ["MODEL.CMT.DETACH_CENTROID", "False"]),
    "MUN, base": ("mun", ["MODEL.MUN.AUXILIARY", "none", *NO_AUXILIARY]),
    "MUN, + Aux": ("mun", ["MODEL.MUN.SIMPLE_AUX_ID", "True", *NO_AUXILIARY]),
    "MUN, + L_idc": ("mun", NO_AUXILIARY[2:]),
    "MUN, + L_idc + L_ia": ("mun", NO_AUXILIARY[4:]),
    "MUN, + L_idc + L_ma": ("mun", NO_AUXILIARY[2:4]),
    "MUN": ("mun", []),
}
SETTING = "all_search_1shot"
METRICS = ("Rank-1", "Rank-10", "mAP", "mINP")


def run(row: str, seed: int, epochs: int, output: Path) -> dict[str, float]:
    """Train a row with a seed unless that is done, and return its all-search single-shot metrics."""
    folder = output / "".join(letter if letter.isalnum() else "_" for letter in row) / f"seed_{seed}"
    if not (folder / "results.json").is_file():
        config, options = ROWS[row]
        # steps count from the end of the warm-up, which only CMTR's config has, an epoch or two long
        schedule = ["SOLVER.MAX_EPOCH", str(epochs), "SOLVER.STEPS", f"[{epochs * 7 // 10}, {epochs * 9 // 10}]"]
        command = [sys.executable, str(Path(__file__).with_name("train_net.py")), "--resume",
                   "--config-file", str(CONFIGS / f"{config}.yml"), *BUDGET, *SMALL_RESNET, *schedule, *options,
                   "SEED", str(seed), "OUTPUT_DIR", str(folder)]
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "train.log", "w") as log:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if status:
            raise SystemExit(f"{row}, seed {seed} failed: see {folder / 'train.log'}")
    return json.loads((folder / "results.json").read_text())["SYSUMM01"][SETTING]


def line(row: str, found: list[dict[str, float]]) -> str:
    """A row of the table: mean and sample standard deviation over the seeds."""
    values = [[metrics[name] for metrics in found] for name in METRICS]
    cells = [f"{mean(v):.1f} ± {stdev(v):.1f}" if len(v) > 1 else f"{v[0]:.1f}" for v in values]
    return f"| {row} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("logs/roadscene"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    args = parser.parse_args()
    for seed in args.seeds:  # whatever is cut short then has all rows
        for row in args.rows:
            run(row, seed, args.epochs, args.output)
    print(f"| {SETTING}, {args.epochs} epochs | {' | '.join(METRICS)} |\n|{' --- |' * (1 + len(METRICS))}")
    for row in args.rows:
        print(line(row, [run(row, seed, args.epochs, args.output) for seed in args.seeds]))


if __name__ == "__main__":
    main()
