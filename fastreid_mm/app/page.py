"""The page and its two tabs, made with Gradio (https://www.gradio.app)."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before Gradio is imported: the page works offline

import gradio as gr
import numpy as np
from PIL import Image

from fastreid_mm.app.gallery_desk import GalleryDesk
from fastreid_mm.engine.predictor import MODALITIES
from fastreid_mm.errors import InputError
from fastreid_mm.read_image import read_rgb

Saliency = Callable[[str, str], np.ndarray]
"""Paths of an image and its depth to (H, W) probabilities."""

_FONT, _MONO = ["system-ui", "sans-serif"], ["monospace"]  # Gradio's own come from the network


def build_page(desk: GalleryDesk | None = None, saliency: Saliency | None = None) -> gr.Blocks:
    """The page with a tab for each of what is given.

    Args:
        desk: answers queries.
        saliency: finds what is salient.
    """
    with gr.Blocks(title="fastreid-mm", analytics_enabled=False, fill_width=True) as page:
        gr.Markdown("# fastreid-mm")
        if desk is not None:
            with gr.Tab("Search"):
                _search_tab(desk)
        if saliency is not None:
            with gr.Tab("Saliency"):
                _saliency_tab(saliency)
    return page


def launch(page: gr.Blocks, host: str, port: int, block: bool = True) -> str:
    """Serve the page and return its address.

    Raises:
        InputError: the port is taken.
    """
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            prevent_thread_lock=not block,
            quiet=not block,
            theme=gr.themes.Default(font=_FONT, font_mono=_MONO),
            footer_links=[],
        )
    except OSError as error:
        raise InputError(f"--port {port} of {host}: {error}") from None
    return address


def _search_tab(desk: GalleryDesk) -> None:
    aligned = desk.predictor.modalities
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            images = [
                gr.Image(type="pil", label=name or "Query", sources=["upload", "clipboard"], height=260)
                for name in aligned or [""]
            ]
            modality = gr.Radio(list(MODALITIES), value="infrared", label="The query is", visible=not aligned)
            top = gr.Slider(1, 100, value=12, step=1, label="Images to show")
            cameras = gr.Dropdown(desk.cameras, multiselect=True, label="Cameras (none: all)")
            least = gr.Textbox(label="Least score (empty: any)")
            button = gr.Button("Search", variant="primary")
        found = gr.Gallery(label="Gallery, nearest first", columns=6, object_fit="contain", height=720, scale=4)

    @_errors_shown
    def search(
        modality: str, top: int, cameras: list[str], least: str, *images: Image.Image | None
    ) -> list[tuple[Image.Image, str]]:
        given = {name: image for name, image in zip(aligned or [""], images) if image}
        if not given:
            raise InputError("Drop an image first")
        query = given if aligned else given[""]
        matches = desk.search(query, "" if aligned else modality, int(top), cameras, _number(least))
        captions = [f"{match.score:.3f}  cam {desk.camera(match.path) or '?'}" for match in matches]
        return [(read_rgb(match.path), caption) for match, caption in zip(matches, captions)]

    button.click(search, [modality, top, cameras, least, *images], found)


def _number(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise InputError(f"Least score: {text!r} is no number") from None


def _saliency_tab(saliency: Saliency) -> None:
    with gr.Row():
        # paths, so that the files are read as from disk: 16 bits of depth stay 16 bits
        image, depth = (
            gr.Image(type="filepath", image_mode=None, label=label, sources=["upload"], height=320)
            for label in ("Image", "Depth")
        )
        found = gr.Image(label="Saliency", height=320, interactive=False, buttons=["download", "fullscreen"])

    @_errors_shown
    def predict(image: str | None, depth: str | None) -> Image.Image:
        if not image or not depth:
            raise InputError("Drop an image and its depth first")
        return Image.fromarray(np.rint(saliency(image, depth) * 255).astype(np.uint8))

    gr.Button("Find what is salient", variant="primary").click(predict, [image, depth], found)


def _errors_shown(function: Callable) -> Callable:
    """Show what the user can put right on the page."""

    @wraps(function)
    def shown(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return shown
