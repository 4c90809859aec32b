"""What both plug-ins do when SIGTERM tells them to stop: an exit status, what is kept, and workers that wait."""

import os
import signal
from threading import Thread

STOPPED = 128 + signal.SIGTERM
"""Exit status of a program that was told to stop, and has saved what it had: 143, as the shell's."""
KEPT = 2
"""How many checkpoints of the middle of an epoch are kept, the newest."""


def leave_stopping_to_the_trainer(worker: int) -> None:
    """Let a loader's worker live on when SIGTERM is sent to all processes: the trainer still needs its batch.

    It ends when the trainer itself sends it, as a process does to its children when it ends.

    Args:
        worker: its number, which loaders give.
    """
    if hasattr(signal, "sigwaitinfo"):  # tells the sender; macOS has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_end_with_the_trainer, daemon=True).start()


def _end_with_the_trainer() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
