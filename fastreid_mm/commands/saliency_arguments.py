"""Arguments of the saliency commands, parsed before mmsegmentation is imported.

Those of ``train`` and ``test`` are the ones of mmsegmentation's scripts, which parse them once more.
"""

import argparse
from pathlib import Path

from fastreid_mm.commands.model_arguments import add_flag
from fastreid_mm.commands.onnx_arguments import add_onnx_arguments
from fastreid_mm.common.pixels import MAX_PIXELS

Parser = argparse.ArgumentParser
FOLDER = "a folder with a trained network, or hf://user/name"


def train_parser() -> Parser:
    """Make the parser of training: mmsegmentation's arguments and two more."""
    parser = Parser(description="Train a saliency network.")
    _add_config(parser)
    parser.add_argument("--work-dir", help="folder of checkpoints and logs")
    add_flag(parser, "--resume", "go on with the training in the folder")
    add_flag(parser, "--amp", "train in mixed precision")
    _add_script_options(parser)
    add_flag(parser, "--dry-run", "make two steps and a batch of a test, say what it takes, save nothing")
    add_flag(parser, "--overwrite", "begin anew where the folder has a training already, and delete that")
    return parser


def test_parser() -> Parser:
    """Make the parser of testing: mmsegmentation's arguments and one more."""
    parser = Parser(description="Test a saliency network.")
    _add_network(parser)
    parser.add_argument("--work-dir", help="folder of results and logs")
    parser.add_argument("--out", metavar="DIR", help="folder to write the saliency maps to")
    add_flag(parser, "--show", "show pictures of image, depth, mask and map")
    parser.add_argument("--show-dir", metavar="DIR", help="folder to write these pictures to")
    parser.add_argument("--wait-time", type=float, default=2, help="seconds that a picture is shown (default: 2)")
    add_flag(parser, "--tta", "average the maps over the views of tta_pipeline")
    _add_script_options(parser)
    return parser


def predict_parser() -> Parser:
    """Make the parser of prediction."""
    parser = Parser(
        description="Predict the saliency map of an image with depth, or with a thermal image if the config says so, "
        "or of every pair in two folders, with 8 bits at the image size."
    )
    parser.add_argument("image", type=Path, help="image file, folder of images, or folder of such folders")
    parser.add_argument(
        "second",
        type=lambda text: None if text == "-" else Path(text),
        help="depth or thermal file or folder; files of a pair share their name up to the suffix; - if there is none",
    )
    parser.add_argument("out", type=Path, help="likewise")
    parser.add_argument(
        "--config",
        "--config-file",
        default="",
        help="path of a config, or short name of a shipped one; not needed with a folder in --checkpoint",
    )
    parser.add_argument("--checkpoint", "--weights", default="", help=f"checkpoint, or {FOLDER}")
    parser.add_argument(
        "--onnx", metavar="FILE", help="in the place of both: a file of export_sod, which needs no PyTorch"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--batch-size", type=int, default=1, help="number of pairs that go through the network together"
    )
    add_flag(parser, "--tta", "average the maps over the views of tta_pipeline")
    add_flag(parser, "--amp", "compute in bfloat16 where that is accurate enough")
    add_flag(parser, "--fast", "fold batch normalization into convolutions; maps differ by rounding")
    add_flag(parser, "--strict", "stop at a pair that cannot be used instead of skipping it")
    _add_options(parser)
    parser.add_argument(
        "--depth-direction", choices=("near_white", "far_white"), help="direction of the depth, if not as in the config"
    )
    parser.add_argument(
        "--thermal-range",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="values of thermal images of more than 8 bits that become black and white, if not as in the config",
    )
    parser.add_argument(
        "--missing",
        type=float,
        default=0.0,
        metavar="VALUE",
        help="depth, from 0 (far) to 1 (near), or thermal grey, where the second modality is - (default: 0)",
    )
    add_flag(parser, "--resize", "resize a second modality of another size than its image, not refuse it")
    parser.add_argument("--image-suffix", metavar="END", help="end of the images' names in a folder, as _rgb")
    parser.add_argument("--second-suffix", metavar="END", help="end of the second modality's names, as _depth")
    parser.add_argument(
        "--map-suffix", choices=(".png", ".webp"), default=".png", help="format of the maps in a folder, both lossless"
    )
    add_flag(
        parser,
        "--side-by-side",
        "also write image, second modality and map side by side: map_side_by_side.png, or in maps/side_by_side",
    )
    parser.add_argument(
        "--binary",
        type=_threshold,
        metavar="T",
        help="also write binary maps, white above the probability T or by the threshold of each map, otsu: "
        "map_binary.png, or in maps/binary",
    )
    add_flag(
        parser,
        "--cut-out",
        "also write the image with the map as alpha, the binary one with --binary: map_cut_out.png, or in maps/cut_out",
    )
    _add_trust(parser)
    _add_max_pixels(parser)
    return parser


def export_parser() -> Parser:
    """Make the parser of the export."""
    parser = Parser(description="Export a saliency network to ONNX: image and depth to soft maps.")
    _add_network(parser)
    parser.add_argument("output", type=Path, help="file to write, M.onnx")
    add_onnx_arguments(parser)
    _add_options(parser)
    _add_trust(parser)
    return parser


def browse_parser() -> Parser:
    """Make the parser of the pictures of samples."""
    parser = Parser(
        description="Pictures of the samples of a config as a network gets them: image, depth and mask after all "
        "transforms."
    )
    _add_config(parser)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--part", choices=("train", "val", "test"), default="train")
    parser.add_argument("--number", type=int, default=20, help="number of samples, spread over the set")
    parser.add_argument("--seed", type=int, default=0, help="seed of the augmentation of the samples")
    _add_options(parser)
    return parser


def score_parser() -> Parser:
    """Make the parser of scoring."""
    parser = Parser(description="Scores of a folder of saliency maps, of any origin, against a folder of masks.")
    parser.add_argument("maps", type=Path, help="folder of maps, or of a folder of maps for each data set")
    parser.add_argument("masks", type=Path, help="folder of masks, or of SET or SET/GT for each data set")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write the rows to")
    parser.add_argument(
        "--curves", type=Path, metavar="DIR", help="write sod_curves.json and sod_curves.png to this folder"
    )
    add_flag(parser, "--partial", "score all pairs of map and mask, and leave out the rest")
    parser.add_argument("--suffix", help="end of the maps' names after the masks' names, as _sal, if not all have it")
    parser.add_argument(
        "--mask-suffix", metavar="END", help="end of the masks' names, which maps do not have: --mask-suffix=-gt"
    )
    add_flag(parser, "--round-first", "round to 8 bits before resizing a map to its mask, as most tools do")
    parser.add_argument("--num-workers", type=int, default=0, help="number of processes that score")
    _add_max_pixels(parser)
    return parser


def _threshold(text: str) -> float | str:
    if text.lower() == "otsu":
        return "otsu"
    if 0 <= (value := float(text)) <= 1:
        return value
    raise argparse.ArgumentTypeError(f"{text} is neither otsu nor a probability from 0 to 1")


def _add_config(parser: Parser) -> None:
    parser.add_argument("config", help="path of a config, or short name of a shipped one")


def _add_network(parser: Parser) -> None:
    """Add a config and a checkpoint, for both of which a folder may stand."""
    parser.add_argument("config", help=f"path of a config, or short name of a shipped one; or {FOLDER}")
    parser.add_argument("checkpoint", nargs="?", default="", help=f"not needed with a folder; or {FOLDER}")


def _add_options(parser: Parser) -> None:
    parser.add_argument("--cfg-options", nargs="+", action="extend", metavar="KEY=VALUE", help="config keys to change")


def _add_trust(parser: Parser) -> None:
    add_flag(parser, "--trust-checkpoint", "load a checkpoint that is more than plain data, which may run any code")


def _add_max_pixels(parser: Parser) -> None:
    parser.add_argument(
        "--max-pixels",
        type=int,
        default=MAX_PIXELS,
        metavar="N",
        help="refuse files with more pixels before they are decoded (default: 33.5 million)",
    )


def _add_script_options(parser: Parser) -> None:
    """Add what both of mmsegmentation's scripts have."""
    _add_options(parser)
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help="given by PyTorch's launcher")
    _add_trust(parser)
