import os
import signal

from fastreid_mm.common.stopping import StopSignal, delete_all_but_newest


def test_the_signal_is_noted_until_it_is_left_to_whom_it_was_before():
    others, before = [], signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: others.append(1))
    try:
        noted = StopSignal()
        noted.listen()
        assert not noted.received
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.received and not others
        noted.leave()
        os.kill(os.getpid(), signal.SIGTERM)
        assert others == [1]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_two_newest_by_iteration_are_kept(tmp_path):
    for iteration in (12, 2, 9):
        (tmp_path / f"iter_{iteration:07d}.pth").touch()
    delete_all_but_newest(tmp_path.glob("*.pth"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iter_0000009.pth", "iter_0000012.pth"]
