"""Checkpoints that are written whole, loaded safely, and refused if they are of another model."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from fastreid.utils.checkpoint import Checkpointer
from timm.models import clean_state_dict
from torch import Tensor
from torch.optim import Optimizer

from fastreid_mm.common.checkpoint_file import first_whole, newest_first, read_checkpoint
from fastreid_mm.common.checkpoint_match import Match, match_tensors, refuse_other_model, skipped_parts
from fastreid_mm.common.errors import InputError, first_line, listed
from fastreid_mm.common.find_weights import find_weights
from fastreid_mm.common.kinds import COUNT, FLAG, NUMBER, PLAIN, TENSORS, TEXT, WHOLE, Kind, Known, known_entries
from fastreid_mm.common.training_state import take_optimizer_state, take_state
from fastreid_mm.common.used_folder import LAST
from fastreid_mm.common.whole_file import write_text, write_whole

PER_IDENTITY = ("classifier", "centers", "prototypes.memory", "heads.weight")
"""Parts of names of tensors with a row per training identity or per image of a training batch, which may differ in
fine-tuning."""

EXTRAS: Known = {
    "epoch": Kind("a whole number from -1", lambda value: WHOLE.holds(value) and value >= -1),
    "iterations": COUNT,
    "iters_per_epoch": NUMBER,
    "seed": COUNT,
    "solver": (TEXT | NUMBER | FLAG).by_name(),
    "config": PLAIN.by_name(),
    "images": COUNT,
    "data": TEXT,
    "num_classes": COUNT,
    "buffers": TENSORS.many(),
}
"""Entries that are taken from a checkpoint that is not trusted, besides the model and the states of checkpointables."""


def saved_num_classes(path: str, trust: bool = False) -> int:
    """Read the number of training identities from a checkpoint; 0 if the file does not say, or cannot be read.

    HAMNet weights its streams by the activation of classes at test time, too.
    """
    try:
        classes = read_checkpoint(path, trust).get("num_classes", 0)
    except InputError:  # the checkpointer will say what is wrong with the file
        return 0
    return classes if COUNT.holds(classes) else 0


AS_WEIGHTS = "MODEL.WEIGHTS begins another training with its weights"
"""Advice about a checkpoint that a training cannot be resumed from."""


class SafeCheckpointer(Checkpointer):
    """Checkpointer of fast-reid with safe writing and loading; the files have fast-reid's format.

    - A file appears under its name only when it is complete and on the disk.
    - Resuming recognizes a damaged file by its checksums, and takes the one before it.
    - Files are read by PyTorch's safe loader, and entries that are unknown or of another kind are left out or refused,
      unless :attr:`trust` is set.
    - Tensors that are missing, unknown or of another shape raise :class:`InputError` instead of a log line. Unless
      resuming, those that :attr:`excused` names may differ, and with :attr:`partial` all others, too, as long as every
      part of the model gets some tensors.
    """

    def save(self, name: str, **extra: object) -> None:
        """Write ``name.pth`` with the model, all checkpointables and ``extra``, on the process that saves."""
        if not (self.save_dir and self.save_to_disk):
            return
        content = {"model": self.model.state_dict(), **extra}
        content |= {key: value.state_dict() for key, value in self.checkpointables.items()}
        path = os.path.join(self.save_dir, f"{name}.pth")
        self.logger.info(f"Saving checkpoint to {path}")
        write_whole(path, lambda part: torch.save(content, part))
        self.tag_last_checkpoint(f"{name}.pth")

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """Note the name of the newest file."""
        write_text(os.path.join(self.save_dir, LAST), last_filename_basename)

    def resume_or_load(self, path: str, *, resume: bool = True) -> dict:
        """Resume from the newest checkpoint that is whole; if there is none, or without ``resume``, load ``path``.

        The path of the checkpoint resumed from is then :attr:`resumed`, empty if there is none.

        Returns:
            The other entries of the file.

        Raises:
            InputError: see :meth:`load`.
        """

        def warn(damage: InputError) -> None:
            self.logger.warning(f"{damage}. It is left out, and the checkpoint before it is used")

        last = Path(self.get_checkpoint_file()) if self.has_checkpoint() else None
        checkpoints = newest_first(Path(self.save_dir).glob("model_*.pth"), last) if resume else []
        self.resumed = str(first_whole(checkpoints, warn) or "")
        return self.load(self.resumed) if self.resumed else self.load(path, checkpointables=[])

    def load(self, path: str, checkpointables: list[str] | None = None) -> dict:
        """Load the model, and the named checkpointables (all if None: resuming).

        Returns:
            The other entries of the file.

        Raises:
            InputError: the file is missing, cannot be read safely, is of another model, or is to be resumed from and
                lacks the state of a checkpointable.
        """
        if path and not os.path.isfile(path):
            raise InputError(f"checkpoint {path} does not exist")
        self._resuming = checkpointables is None
        self._path = path
        try:
            return super().load(path, checkpointables)
        except InputError:
            raise
        except Exception as error:  # any kind: a wrong state is noticed deep inside PyTorch
            raise InputError(
                f"checkpoint {path} cannot be used: {type(error).__name__}: {first_line(error)}"
            ) from error

    def _load_file(self, path: str) -> dict:
        content = dict(read_checkpoint(path, self.trust))
        extras = content if self.trust else known_entries(content, EXTRAS, path)
        if self._resuming:
            self.check_resumed(extras)
        weights = self._weights(content, path)
        if not content.get("grad_scaler"):  # a state that PyTorch refuses: it was made without SOLVER.AMP
            content.pop("grad_scaler", None)
        if self.trust:
            return {**content, "model": weights}
        return {**extras, **self._states(content, path), "model": weights}

    def _states(self, content: dict, path: str) -> dict[str, Mapping]:
        """Take the states to resume of optimizer, schedule and scaler, without entries that this run's lack."""
        if not self._resuming:
            return {}
        lacking = [name for name in self.checkpointables if name not in (*content, "grad_scaler")]
        if lacking:
            raise InputError(f"checkpoint {path} cannot be resumed: it lacks {', '.join(lacking)}; {AS_WEIGHTS}")
        return {
            name: take_optimizer_state(own, content[name], path, name)
            if isinstance(own, Optimizer)
            else take_state(own.state_dict(), content[name], path, name)
            for name, own in self.checkpointables.items()
            if name in content
        }

    def _weights(self, content: dict, path: str) -> dict[str, Tensor]:
        """Take the tensors of ``model``; unless resuming, also tensors elsewhere in the file with the model's names."""
        names, given = self.model.state_dict().keys(), content.get("model")
        if isinstance(given, dict):
            tensors = {name: one for name, one in given.items() if isinstance(name, str) and isinstance(one, Tensor)}
            tensors = clean_state_dict(tensors)  # drops the "module." of a wrapped model
            if self._resuming or names & tensors.keys():
                return tensors
        elif self._resuming:
            raise InputError(f"{path} is not a checkpoint to resume: it has no 'model'")
        weights = find_weights(content, path, names)
        if weights.told():
            self.logger.info(f"{path}: {weights.told()}")
        return weights.state

    check_resumed: Callable[[dict], None] = staticmethod(lambda content: None)
    """Function that refuses the content of a file to resume from, or not, before anything of it is loaded."""

    partial: bool | None = False
    """Whether, unless resuming, tensors that do not fit are left out: ``MODEL.PARTIAL_WEIGHTS``, or None if that has no
    effect."""

    trust = False
    """Whether files may be more than plain data: ``MODEL.TRUST_WEIGHTS``."""

    excused: tuple[str, ...] = PER_IDENTITY
    """Parts of names of tensors that need not fit, unless resuming."""

    def _load_model(self, checkpoint: dict) -> None:
        match = match_tensors(self.model.state_dict(), checkpoint["model"])
        if self.partial and not self._resuming:
            self._refuse_skipped_parts(match)
        else:
            wrong = {"missing": match.missing, "unknown": match.unknown, "of another shape": match.misshapen}
            advised = not self._resuming and self.partial is not None
            refuse_other_model(
                self._path,
                {kind: self._not_excused(names) for kind, names in wrong.items()},
                "; MODEL.PARTIAL_WEIGHTS True trains on from what fits" if advised else "",
            )
        missing, left_out = (sorted(names + match.misshapen) for names in (match.missing, match.unknown))
        self.logger.info(
            f"{self._path}: {len(match.fitting)} of the model's {len(match.fitting) + len(missing)} tensors are "
            f"loaded, {len(missing)} are not{_some(missing)}, {len(left_out)} of the file are left out{_some(left_out)}"
        )
        for name in left_out:
            del checkpoint["model"][name]
        super()._load_model(checkpoint)

    def _refuse_skipped_parts(self, match: Match) -> None:
        """Refuse a checkpoint without any tensor of a part of the model, except for parts that identities decide."""
        names = match.fitting + match.misshapen + match.missing
        skipped = skipped_parts(self._not_excused(names), match.fitting)
        if skipped:
            raise InputError(
                f"checkpoint {self._path} has no tensor that fits {listed(skipped, separator=', ')} of the model; "
                f"{len(match.fitting)} of {len(names)} tensors would be loaded"
            )

    def _not_excused(self, names: Iterable[str]) -> list[str]:
        """Sort the names of tensors that may not differ."""
        return sorted(name for name in names if self._resuming or not any(part in name for part in self.excused))


def _some(names: list[str]) -> str:
    return f" ({listed(names, 3, ', ')})" if names else ""
