"""Hooks of mkdocs: the changelog and the notebook are pages, too, and names in docstrings are printed as code."""

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
from notebook import page, read_cells

ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):(?=<code>)")
"""A role of Sphinx, which editors know and mkdocs prints."""

KEY = re.compile(r"(?<=<code>)[A-Z][A-Z0-9_.]+(?=</code>)")
"""A key of a config as code."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add CHANGELOG.md to the pages, with links that start at their folder, and the notebook, which stays a file."""
    text = Path(config.config_file_path).with_name("CHANGELOG.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "changelog.md", content=text.replace("](docs/", "](")))
    files.append(File.generated(config, "start/notebook.md", content=page(read_cells())))
    return files


def on_page_content(html: str, **_: object) -> str:
    """Leave the name of a role out, :class:`Predictor` is Predictor, and let a line end after a dot of a key."""
    return KEY.sub(lambda key: key[0].replace(".", ".<wbr>"), ROLE.sub("", html))
