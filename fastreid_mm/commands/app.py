"""Serve a local web page that searches a gallery and finds salient objects: the command ``fastreid-mm-app``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fastreid_mm.commands.early_checks import require_model_files, take_saliency_folder
from fastreid_mm.commands.model_arguments import WEIGHTS_HELP, add_checkpoint_arguments
from fastreid_mm.common.errors import InputError, one_line_errors, require_packages
from fastreid_mm.common.hosts import require_fastreid, require_mmseg, say_loading
from fastreid_mm.common.pixels import MAX_PIXELS

if TYPE_CHECKING:
    import gradio as gr

    from fastreid_mm.app.gallery_desk import GalleryDesk
    from fastreid_mm.app.saliency_desk import SaliencyDesk


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description="Serve a page with a tab that searches a gallery by an image (--config-file, --weights, --index) "
        "and one that finds salient objects in an image with depth (--saliency-config, --saliency-checkpoint)."
    )
    add_checkpoint_arguments(parser)
    parser.add_argument("--index", default="", metavar="PATH", help="index made by index_gallery")
    parser.add_argument(
        "--camera", metavar="REGEX", help="finds the camera in a path, by its first group (default: cam1, _c001)"
    )
    parser.add_argument("--identity", metavar="REGEX", help="likewise the identity (default: cam1/0121/..., 0121_c001)")
    parser.add_argument(
        "--examples", nargs="+", default=[], metavar="IMAGE", help="infrared images to search with by a click"
    )
    parser.add_argument(
        "--saliency-config",
        default="",
        help="path of a config, or short name of a shipped one; not needed with a folder in --saliency-checkpoint",
    )
    parser.add_argument("--saliency-checkpoint", "--saliency-weights", default="", help=WEIGHTS_HELP)
    parser.add_argument(
        "--saliency-examples",
        nargs="+",
        default=[],
        metavar="IMAGE",
        help="images in a folder RGB beside depth or T, and GT if there are masks, to try by a click",
    )
    parser.add_argument(
        "--max-pixels", type=int, default=MAX_PIXELS, metavar="N", help="largest image or depth for saliency, in pixels"
    )
    parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1 (default): only this machine can open the page")
    parser.add_argument("--port", type=int, default=7860)
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Serve the page until it is interrupted."""
    args = parse_arguments(arguments)
    require_fastreid()
    require_packages("app", "gradio")
    page = page_of(args)
    from fastreid_mm.app.page import launch

    launch(page, args.host, args.port)


def page_of(args: argparse.Namespace) -> gr.Blocks:
    """Build the page that the arguments describe.

    Raises:
        InputError: the arguments are for neither tab, or lack something that a tab needs, or a file cannot be used.
    """
    config, checkpoint = take_saliency_folder(args.saliency_config, args.saliency_checkpoint)
    if not args.index and not config:
        raise InputError("give --index with --config-file and --weights, or --saliency-config, or both")
    if config and not checkpoint:
        raise InputError("--saliency-config needs --saliency-checkpoint")
    args.saliency_config, args.saliency_checkpoint = config, checkpoint
    if args.index:
        require_model_files(args)
    say_loading("fastreid")
    from fastreid_mm.app.page import build_page

    desk = _desk(args) if args.index else None
    return build_page(desk, _saliency(args) if config else None, args.examples)


def _desk(args: argparse.Namespace) -> GalleryDesk:
    from fastreid_mm.app.gallery_desk import GalleryDesk
    from fastreid_mm.inference.predictor import Predictor
    from fastreid_mm.retrieval.path_labels import CAMERA, IDENTITY
    from fastreid_mm.retrieval.searcher import Searcher

    predictor = Predictor(args.config_file, args.weights, args.opts)
    searcher = Searcher(args.index, predictor)
    return GalleryDesk(predictor, searcher, args.camera or CAMERA, args.identity or IDENTITY)


def _saliency(args: argparse.Namespace) -> SaliencyDesk:
    require_mmseg()
    from fastreid_mm.app.saliency_desk import SaliencyDesk
    from mmseg_mm.predictor import SaliencyPredictor
    from mmseg_mm.trained_model import init_rgbd_model

    model = init_rgbd_model(args.saliency_config, args.saliency_checkpoint)
    return SaliencyDesk(SaliencyPredictor(model, max_pixels=args.max_pixels), args.saliency_examples)
