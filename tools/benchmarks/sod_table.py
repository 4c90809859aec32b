#!/usr/bin/env python
"""Train and test the demo network with each modality alone, with every fusion of the paper's table 4, and with both
readings of the way from tokens to maps, and print a table.

    python tools/benchmarks/sod_table.py [--seeds 1 2 3] [--rows MutualFormer] [--epochs 3] [--output DIR]

All rows see the same scenes. A run that has results is not repeated: just repeat the command after an interruption.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

TOOLS = Path(__file__).parent.parent
CONFIG = TOOLS.parent / "configs" / "SOD" / "mutualformer_demo.py"
HEAD = "model.decode_head"
ROWS = {
    "image only": ["model.modalities=('image','image')"],
    "depth only": ["model.modalities=('depth','depth')"],
    "Add": [f"{HEAD}.fusion.variant=add", f"{HEAD}.detail=none"],
    "Cat": [f"{HEAD}.fusion.variant=concatenate", f"{HEAD}.detail=none"],
    "Transformer": [f"{HEAD}.fusion.variant=transformer"],
    "CrossFormer": [f"{HEAD}.fusion.variant=cross_attention"],
    "CrossFormer_CDA": [f"{HEAD}.fusion.variant=cross_diffusion"],
    "MutualFormer": [],
    "MutualFormer, detail=none": [f"{HEAD}.detail=none"],
}
EPOCHS = ("train_cfg.max_epochs", "train_cfg.val_interval", "param_scheduler.0.T_max")
EPOCHS += ("default_hooks.checkpoint.interval",)
"""Keys whose value is the number of epochs."""
METRICS = ("Sm", "maxFm", "maxEm", "MAE")


def run(row: str, seed: int, epochs: int, output: Path) -> dict[str, float]:
    """Train a row with a seed, unless it has results, and return its metrics."""
    name = "".join(letter if letter.isalnum() else "_" for letter in row)
    folder = output / f"{name}_{epochs}_epochs" / f"seed_{seed}"
    if not (folder / "sod_results.json").is_file():
        options = [*ROWS[row], f"randomness.seed={seed}", f"val_evaluator.save_dir={folder}"]
        options += [f"{key}={epochs}" for key in EPOCHS]
        training = [str(TOOLS / "train_sod.py"), str(CONFIG), "--work-dir", str(folder), "--overwrite"]
        command = [sys.executable, *training, "--cfg-options", *options]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "train.log").open("w") as log:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if status:
            raise SystemExit(f"{row}, seed {seed} failed: see {folder / 'train.log'}")
    return json.loads((folder / "sod_results.json").read_text())["toy"]


def line(row: str, found: list[dict[str, float]]) -> str:
    """Make a row of the table: mean and sample standard deviation over the seeds."""
    values = [[metrics[name] for metrics in found] for name in METRICS]
    cells = [f"{mean(v):.3f} ± {stdev(v):.3f}" if len(v) > 1 else f"{v[0]:.3f}" for v in values]
    return f"| {row} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("logs/demo-sod/table"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    args = parser.parse_args()
    for seed in args.seeds:  # so that an interrupted table has all rows
        for row in args.rows:
            run(row, seed, args.epochs, args.output)
    print(f"| toy scenes, {args.epochs} epochs | {' | '.join(METRICS)} |\n|{' --- |' * (1 + len(METRICS))}")
    for row in args.rows:
        print(line(row, [run(row, seed, args.epochs, args.output) for seed in args.seeds]))


if __name__ == "__main__":
    main()
