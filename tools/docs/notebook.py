#!/usr/bin/env python
"""Run the cells of docs/start/first_steps.ipynb in the current folder, and write what they print and draw into it.

python tools/docs/notebook.py
"""

import base64
import contextlib
import io
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "docs" / "start" / "first_steps.ipynb"
Cell = dict[str, Any]


def read_cells(path: Path = NOTEBOOK) -> list[Cell]:
    """Return the cells of a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def run(cells: list[Cell]) -> list[Cell]:
    """Run the code cells one after the other, and return all with new outputs: a text, and a picture if one is open."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    names: dict[str, Any] = {"__name__": "notebook"}
    done = []
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
            outputs = [{"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(True)}]
            for figure in map(pyplot.figure, pyplot.get_fignums()):
                picture = io.BytesIO()
                figure.savefig(picture, dpi=60)
                data = {"image/png": base64.b64encode(picture.getvalue()).decode()}
                outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
            pyplot.close("all")
            cell = {**cell, "outputs": [each for each in outputs if each.get("text", True)]}
        done.append(cell)
    return done


def page(cells: list[Cell]) -> str:
    """Return the cells and their outputs as Markdown."""
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        parts.append(f"```py\n{source}\n```" if cell["cell_type"] == "code" else source)
        for output in cell.get("outputs", []):
            if "text" in output:
                parts.append(f"```text\n{''.join(output['text'])}```")
            else:
                parts.append(f"![what the cell draws](data:image/png;base64,{output['data']['image/png']})")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    content["cells"] = run(content["cells"])
    NOTEBOOK.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{NOTEBOOK}: {len(content['cells'])} cells")
