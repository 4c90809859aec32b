"""Stopping of both plug-ins on SIGTERM: the signal, the exit status, the checkpoints kept, and workers that wait."""

import os
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

STOPPED = 128 + signal.SIGTERM
"""Exit status of a program that stopped on SIGTERM after saving its state: 143, as in the shell."""
KEPT = 2
"""Number of checkpoints of the middle of an epoch that are kept, the newest."""


class StopSignal:
    """Memory of whether SIGTERM was received, for a training that stops after its iteration."""

    received = False

    def __init__(self) -> None:
        self._before: Any = None

    def listen(self) -> None:
        """Begin to catch the signal, in the main thread only, as no other thread may handle signals."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)

    def _note(self, *_: object) -> None:
        self.received = True

    def leave(self) -> None:
        """Restore the previous handler of the signal."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


def delete_all_but_newest(checkpoints: Iterable[Path]) -> None:
    """Delete checkpoints of the middle of an epoch, whose names end in the iteration, except the last :data:`KEPT`."""
    for path in sorted(checkpoints)[:-KEPT]:
        path.unlink()


def leave_stopping_to_the_trainer(worker: int) -> None:
    """Keep a loader's worker alive when SIGTERM is sent to all processes, as the trainer still needs its batch.

    The worker ends when the trainer itself sends the signal, as a process does to its children when it ends.
    """
    if hasattr(signal, "sigwaitinfo"):  # tells the sender; not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_trainer, daemon=True).start()


def _end_with_the_trainer() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
