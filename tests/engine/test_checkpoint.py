import pytest
import torch
from torch import nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.checkpoint import SafeCheckpointer


class Network(nn.Module):
    def __init__(self, width=3, classes=4):
        super().__init__()
        self.body = nn.Linear(2, width)
        self.classifier = nn.Linear(width, classes, bias=False)


def test_round_trip_with_optimizer_and_extra(tmp_path):
    model = Network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    SafeCheckpointer(model, str(tmp_path), optimizer=optimizer).save("here", epoch=3)
    other, other_optimizer = Network(), torch.optim.SGD(Network().parameters(), lr=0.1)
    content = SafeCheckpointer(other, str(tmp_path), optimizer=other_optimizer).resume_or_load("", resume=True)
    assert content["epoch"] == 3 and other_optimizer.param_groups[0]["lr"] == 0.5
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values()))


def test_other_training_identities_are_excused_when_testing_and_not_when_resuming(tmp_path):
    SafeCheckpointer(Network(classes=4), str(tmp_path)).save("four")
    model = Network(classes=0)
    SafeCheckpointer(model).load(str(tmp_path / "four.pth"), checkpointables=[])
    with pytest.raises(InputError, match="classifier.weight"):
        SafeCheckpointer(Network(classes=5), str(tmp_path)).resume_or_load("", resume=True)


def test_names_of_a_wrapped_model_are_unwrapped(tmp_path):
    model, other = Network(), Network()
    torch.save({"model": {f"module.{name}": value for name, value in model.state_dict().items()}}, tmp_path / "ddp.pth")
    SafeCheckpointer(other).load(str(tmp_path / "ddp.pth"), checkpointables=[])
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values()))


def test_another_model_is_refused_by_path_and_tensor(tmp_path):
    SafeCheckpointer(Network(width=3), str(tmp_path)).save("three")
    before = Network(width=5)
    kept = {name: value.clone() for name, value in before.state_dict().items()}
    with pytest.raises(InputError, match=r"three.pth is of another model: 2 tensors of another shape \(body.bias"):
        SafeCheckpointer(before).load(str(tmp_path / "three.pth"), checkpointables=[])
    assert all(torch.equal(value, kept[name]) for name, value in before.state_dict().items())
    with pytest.raises(InputError, match=r"2 tensors missing \(0.bias .*2 tensors unknown \(body"):
        SafeCheckpointer(nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False))).load(
            str(tmp_path / "three.pth"), []
        )


@pytest.mark.parametrize("content, words", [(None, "does not exist"), (b"", "cannot read"), (b"junk", "cannot read")])
def test_broken_files_are_named(tmp_path, content, words):
    path = tmp_path / "file.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"file.pth.*{words}|{words}.*file.pth") as error:
        SafeCheckpointer(Network()).load(str(path), checkpointables=[])
    assert "\n" not in str(error.value)


def test_files_that_would_run_code_are_refused(tmp_path):
    class Danger:
        def __reduce__(self):
            return print, ("run",)

    torch.save({"model": Danger()}, tmp_path / "danger.pth")
    with pytest.raises(InputError, match="danger.pth"):
        SafeCheckpointer(Network()).load(str(tmp_path / "danger.pth"), checkpointables=[])
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match="list.pth is not a checkpoint"):
        SafeCheckpointer(Network()).load(str(tmp_path / "list.pth"), checkpointables=[])


def test_a_failed_save_leaves_the_earlier_file(tmp_path, monkeypatch):
    checkpointer = SafeCheckpointer(Network(), str(tmp_path))
    checkpointer.save("kept")
    before = (tmp_path / "kept.pth").read_bytes()

    def half_written(content, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half_written)
    with pytest.raises(OSError, match="disk full"):
        checkpointer.save("kept")
    assert (tmp_path / "kept.pth").read_bytes() == before


def test_what_is_loaded_is_counted_and_partial_loading_needs_something_of_every_part(tmp_path, caplog):
    """A part of which nothing fits would silently start from random weights."""
    state = Network().state_dict()
    torch.save({"model": {**state, "body.bias": torch.zeros(9), "more": torch.ones(1)}}, tmp_path / "some.pth")
    torch.save({"model": {"classifier.weight": state["classifier.weight"]}}, tmp_path / "no_body.pth")
    model = Network()
    kept = model.body.bias.clone()
    checkpointer = SafeCheckpointer(model)
    with pytest.raises(InputError, match="some.pth is of another model: .*MODEL.PARTIAL_WEIGHTS True"):
        checkpointer.load(str(tmp_path / "some.pth"), checkpointables=[])
    checkpointer.partial = True
    with caplog.at_level("INFO", checkpointer.logger.name):
        checkpointer.logger.addHandler(caplog.handler)
        checkpointer.load(str(tmp_path / "some.pth"), checkpointables=[])
        checkpointer.logger.removeHandler(caplog.handler)
    assert torch.equal(model.body.weight, state["body.weight"]) and torch.equal(model.body.bias, kept)
    counts = (
        "2 of the model's 3 tensors are loaded, 1 are not (body.bias), 2 of the file are left out (body.bias, more)"
    )
    assert any(counts in message for message in caplog.messages)
    with pytest.raises(InputError, match="no_body.pth has no tensor that fits body of the model"):
        checkpointer.load(str(tmp_path / "no_body.pth"), checkpointables=[])
    with pytest.raises(InputError, match="is of another model"):
        checkpointer.load(str(tmp_path / "some.pth"))  # resuming


def test_the_checkpoint_before_one_that_cannot_be_read_is_resumed(tmp_path):
    """A byte of a name in the file's directory, which its checksums do not cover."""
    model = Network()
    checkpointer = SafeCheckpointer(model, str(tmp_path))
    checkpointer.save("model_0000", epoch=0)
    checkpointer.save("model_0001", epoch=1)
    path = tmp_path / "model_0001.pth"
    content = bytearray(path.read_bytes())
    content[content.rindex(b"/data.pkl")] ^= 0x80
    path.write_bytes(content)
    assert checkpointer.resume_or_load("", resume=True)["epoch"] == 0
    assert checkpointer.resumed.endswith("model_0000.pth")


def test_partial_weights_are_not_advised_where_they_have_no_effect(tmp_path):
    SafeCheckpointer(Network(width=3), str(tmp_path)).save("three")
    tested = SafeCheckpointer(Network(width=5))
    tested.partial = None
    with pytest.raises(InputError, match=r"is of another model: .*\)$"):
        tested.load(str(tmp_path / "three.pth"), checkpointables=[])
