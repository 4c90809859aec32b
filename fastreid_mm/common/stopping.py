"""How both plug-ins stop on SIGTERM: the signal, an exit status, what is kept, and workers that wait."""

import os
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

STOPPED = 128 + signal.SIGTERM
"""Exit status of a program that was told to stop, and has saved what it had: 143, as the shell's."""
KEPT = 2
"""How many checkpoints of the middle of an epoch are kept, the newest."""


class StopSignal:
    """A note of whether SIGTERM was received, for a training that stops when its iteration is done."""

    received = False

    def __init__(self) -> None:
        self._before: Any = None

    def listen(self) -> None:
        """Note the signal from now on, in the main thread, as no other may ask for signals."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)

    def _note(self, *_: object) -> None:
        self.received = True

    def leave(self) -> None:
        """Leave the signal to whom it was before."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


def delete_all_but_newest(checkpoints: Iterable[Path]) -> None:
    """Delete checkpoints of the middle of an epoch, whose names end in the iteration, but for :data:`KEPT`."""
    for path in sorted(checkpoints)[:-KEPT]:
        path.unlink()


def leave_stopping_to_the_trainer(worker: int) -> None:
    """Let a loader's worker live on when SIGTERM is sent to all processes: the trainer still needs its batch.

    It ends when the trainer itself sends it, as a process does to its children when it ends.

    Args:
        worker: its number, which loaders give.
    """
    if hasattr(signal, "sigwaitinfo"):  # tells the sender; macOS has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_trainer, daemon=True).start()


def _end_with_the_trainer() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
