"""The page and its two tabs, made with Gradio (https://www.gradio.app)."""

import math
import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before Gradio is imported: the page works offline

import gradio as gr

from fastreid_mm.app.gallery_desk import GalleryDesk
from fastreid_mm.app.pictures import Pictures
from fastreid_mm.app.saliency_desk import Pair, SaliencyDesk
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.inference.predictor import MODALITIES

LARGEST_UPLOAD = 64 * 2**20
"""Largest uploaded file in bytes."""
_MOST = 100
"""Largest number of images that an answer shows."""
_FONT, _MONO = ["system-ui", "sans-serif"], ["monospace"]  # Gradio's default fonts come from the network


STYLE = """
.grid-container .gallery-item, .grid-container .thumbnail-lg { display: flex; flex-direction: column; height: 100%; }
.grid-container .thumbnail-lg img { flex: 1; min-height: 0; object-fit: contain; }
.grid-container .caption-label { position: static; max-width: 100%; white-space: normal; text-align: center; }
.whole .grid-wrap { height: auto; min-height: 0; max-height: none; overflow: visible; }
label[data-testid='block-label'] { position: static; width: fit-content; }
@media (max-width: 640px) { .grid-container { grid-template-columns: repeat(2, minmax(0, 1fr)) !important; } }
"""
"""Captions are below the pictures and labels above: Gradio lays them over heads and feet. Two columns on phones."""


def build_page(
    desk: GalleryDesk | None = None, saliency: SaliencyDesk | None = None, examples: Sequence[str] = ()
) -> gr.Blocks:
    """Build the page with a tab for each of the first two arguments that is given.

    Args:
        desk: searches a gallery.
        saliency: finds salient objects.
        examples: paths of images to search with by a click, in the modality that is chosen first: infrared.
    """
    pictures = Pictures(desk.predictor.pixels) if desk else Pictures()
    pairs = [path for pair in saliency.examples for path in pair if path] if saliency else []
    # served from where they are, not copied for each answer, nor refused outside of the working directory
    gr.set_static_paths([pictures.folder, *(Path(path).resolve() for path in (*examples, *pairs))])
    with gr.Blocks(title="fastreid-mm", analytics_enabled=False, fill_width=True) as page:
        gr.Markdown("# fastreid-mm")
        if desk is not None:
            with gr.Tab("Search"):
                _search_tab(desk, pictures, examples)
        if saliency is not None:
            with gr.Tab("Saliency"):
                _saliency_tab(saliency, pictures)
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
            max_file_size=LARGEST_UPLOAD,
            quiet=not block,
            css=STYLE,
            theme=gr.themes.Default(font=_FONT, font_mono=_MONO),
            footer_links=[],
        )
    except OSError as error:
        raise InputError(f"--port {port} of {host}: {error}") from None
    return address


def _search_tab(desk: GalleryDesk, pictures: Pictures, examples: Sequence[str]) -> None:
    aligned = desk.predictor.modalities
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            images = [
                _upload(label=name or "Query", sources=["upload", "clipboard"], height=260) for name in aligned or [""]
            ]
            modality = gr.Radio(list(MODALITIES), value="infrared", label="The query is", visible=not aligned)
            top = gr.Slider(1, _MOST, value=12, step=1, label="Images to show")
            cameras = gr.Dropdown(desk.cameras, multiselect=True, label="Cameras (none: all)")
            least = gr.Textbox(label="Least score (empty: any)")
            button = gr.Button("Search", variant="primary")
        gallery = gr.Gallery(show_label=False, columns=6, object_fit="contain", height=560, scale=4)
    if examples and not aligned:
        shown = gr.Gallery(
            [(str(path), desk.identity(path)) for path in examples],
            label="Click one to search with it",
            columns=10,
            object_fit="contain",
            height=190,
            allow_preview=False,
            interactive=False,
        )

    def answers(modality: str, top: int, cameras: list[str], least: str, images: Sequence, example: str = "") -> list:
        views = {name: image for name, image in zip(aligned or [""], images) if image}
        if not views:
            raise InputError("Drop an image first")
        query: Any = views if aligned else views[""]
        matches = desk.search(query, "" if aligned else modality, int(top), cameras, _number(least))
        rights = [desk.right(example, match.path) for match in matches]
        captions = [_caption(match.score, desk.camera(match.path), desk.identity(match.path)) for match in matches]
        return [(pictures.of_match(match, right), caption) for match, right, caption in zip(matches, rights, captions)]

    @_errors_shown
    def search(modality: str, top: int, cameras: list[str], least: str, *images: str | None) -> list[tuple[str, str]]:
        return answers(modality, top, cameras, least, images)

    button.click(search, [modality, top, cameras, least, *images], gallery)
    if examples and not aligned:

        @_errors_shown
        def search_example(
            modality: str, top: int, cameras: list[str], least: str, event: gr.SelectData
        ) -> tuple[str, list[tuple[str, str]]]:
            path = examples[event.index]
            return path, answers(modality, top, cameras, least, [path], path)

        shown.select(search_example, [modality, top, cameras, least], [*images, gallery])


def _caption(score: float, camera: str, identity: str) -> str:
    return f"{score:.3f}  cam {camera or '?'}" + (f"  identity {identity}" if identity else "")


def _upload(label: str, sources: Sequence[str], height: int) -> gr.Image:
    """Make a field for an image of the user that gives its path, so that this project's reader reads the file.

    Gradio's reader clips 16 bits, and does not say what is wrong with a file that is no image.
    """
    image = gr.Image(type="filepath", image_mode=None, label=label, sources=[*sources], height=height)  # type: ignore[list-item]
    image.preprocess = lambda payload: payload.path if payload else None  # type: ignore[method-assign]
    return image


def _number(text: str) -> float | None:
    try:
        number = float(text) if text and text.strip() else None
    except ValueError:
        number = math.nan
    if number is not None and math.isnan(number):
        raise InputError(f"Least score: {text!r} is no number")
    return number


def _saliency_tab(desk: SaliencyDesk, pictures: Pictures) -> None:
    with gr.Row():
        labels = ("Image", desk.modality.title())
        image, second = (_upload(label=label, sources=["upload"], height=260) for label in labels)
    button = gr.Button("Find what is salient", variant="primary")
    answer = gr.Gallery(show_label=False, columns=4, object_fit="contain", elem_classes="whole", interactive=False)
    if desk.examples:
        shown = gr.Gallery(
            [(pictures.of(desk.thumbnail(pair)), Path(pair.image).stem) for pair in desk.examples],
            label="Click a pair to try it",
            columns=4,
            object_fit="contain",
            elem_classes="whole",
            allow_preview=False,
            interactive=False,
        )

    def answers(pair: Pair) -> list[tuple[str, str]]:
        return [(pictures.of(picture), caption) for picture, caption in desk.panels(pair)]

    @_errors_shown
    def predict(image: str | None, second: str | None) -> list[tuple[str, str]]:
        if not image or not second:
            raise InputError("Drop an image and its depth first")
        return answers(Pair(image, second))

    button.click(predict, [image, second], answer)
    if desk.examples:

        @_errors_shown
        def predict_example(event: gr.SelectData) -> tuple[str, str, list[tuple[str, str]]]:
            pair = desk.examples[event.index]
            return pair.image, pair.second, answers(pair)

        shown.select(predict_example, None, [image, second, answer])


def _errors_shown(function: Callable) -> Callable:
    """Show errors that the user can put right on the page, with the names of uploaded files instead of their paths."""

    @wraps(function)
    def shown(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except InputError as error:
            text = str(error)
            for path in arguments:
                if isinstance(path, str) and os.sep in path:
                    text = text.replace(path, Path(path).name)
            raise gr.Error(printable(text), print_exception=False) from None

    return shown
