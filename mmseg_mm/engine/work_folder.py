"""Work folder of a training: recognition and deletion of files that trainings and tests write.

All other files in the folder are left alone.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from fastreid_mm.common.checkpoint_file import newest_first
from fastreid_mm.common.used_folder import LAST, files_in, refuse_used
from fastreid_mm.saliency.sod_report import CURVES, IMAGES, PLOT, REFERENCES, RESULTS

FILES = (LAST, "run.json", REFERENCES, "not_finite_*.pth", "*.pth.part")
"""Patterns of files beside the checkpoints."""
OF_A_START = ("*.log", "[0-9]*_[0-9]*.json", RESULTS, CURVES, IMAGES, PLOT)
"""Patterns of files in the folder of a single start, which is named by its time, besides :data:`DRAWN`."""
UNTRAINED = "untrained"
"""Name of the folder of the untrained network's report, of a :class:`ReferencesHook`."""
DRAWN = "vis_data"
"""Name of the folder of pictures, curves and TensorBoard's events of a start."""
START = r"\d{8}_\d{6}"


class WorkFolder:
    """Work folder of a training.

    Args:
        folder: The ``work_dir``.
        checkpoints: The folder of the checkpoints, if it is another one.
        template: The names of checkpoints, with ``{}`` for the number, if they differ from mmengine's.
    """

    def __init__(self, folder: str, checkpoints: str | None = None, template: str = "epoch_{}.pth") -> None:
        self.folder = Path(folder)
        self.checkpoint_folder = Path(checkpoints or folder)
        named = re.escape(template.removesuffix(".pth")).replace(r"\{\}", r"\d+")
        self._state = re.compile(rf"((epoch|iter)_\d+|{named})\.pth")
        self._saved = re.compile(rf"(best_.+_)?((epoch|iter)_\d+|{named})(-[0-9a-f]{{8}})?\.pth")

    def states(self) -> list[Path]:
        """List the checkpoints to resume from: the one noted as the last, then all others from the newest."""
        note = self.folder / LAST
        last = Path(note.read_text().strip()) if note.is_file() else Path()
        states = (path for path in self._checkpoints() if self._state.fullmatch(path.name))
        return newest_first(states, last if last.is_file() else None)

    def require_unused(self) -> None:
        """Refuse a folder with another training in it.

        Raises:
            InputError: Names the files of the training.
        """
        names = [path.name for path in newest_first(self._checkpoints()) or files_in(self.folder, [LAST])]
        refuse_used(f"work_dir {self.folder} has checkpoints of another training", names, "--work-dir")

    def clear(self, keep: str) -> None:
        """Delete all files that trainings and tests have written, but none of the start in the folder ``keep``."""
        for path in self._written(Path(keep)):
            path.unlink(missing_ok=True)
        for start in self._starts(Path(keep)):
            shutil.rmtree(start / DRAWN, ignore_errors=True)
            for path in files_in(start / UNTRAINED, OF_A_START):
                path.unlink()
            if (start / UNTRAINED).is_dir() and not any((start / UNTRAINED).iterdir()):
                (start / UNTRAINED).rmdir()
            if not any(start.iterdir()):
                start.rmdir()

    def _checkpoints(self) -> list[Path]:
        folders = {self.folder, self.checkpoint_folder}
        return [path for folder in folders for path in folder.glob("*.pth") if self._saved.fullmatch(path.name)]

    def _starts(self, keep: Path) -> list[Path]:
        starts = (path for path in self.folder.glob("*_*") if path.is_dir() and re.fullmatch(START, path.name))
        return [path for path in starts if path.resolve() != keep.resolve()]

    def _written(self, keep: Path) -> Iterator[Path]:
        yield from self._checkpoints()
        yield from files_in(self.folder, FILES)
        for start in self._starts(keep):
            yield from files_in(start, OF_A_START)
