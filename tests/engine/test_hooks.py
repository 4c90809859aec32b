import io
import sys
from types import SimpleNamespace

from fastreid.utils.events import EventStorage

from fastreid_mm.engine.hooks import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_shows_losses_rate_epoch_and_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert ProgressBar.wanted()
    with EventStorage(0) as storage:
        bar = ProgressBar()
        bar.trainer = SimpleNamespace(max_iter=4, start_iter=1, epoch=0, max_epoch=2, storage=storage)
        bar.before_train()
        storage.put_scalars(loss_id=1.2345, total_loss=2.5, time=0.1)
        storage.put_scalar("lr", 3.5e-4, smoothing_hint=False)
        for _ in range(3):
            bar.after_step()
        bar.after_train()
    shown = sys.stderr.getvalue().split("\r")[-1]
    assert "epoch 1/2" in shown and "4/4" in shown and "id=1.23" in shown and "lr=3.5e-04" in shown
    assert "time=" not in shown and "it/s" in shown


def test_there_is_no_bar_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not ProgressBar.wanted()
