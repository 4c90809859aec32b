"""Trainer of fast-reid, made to work on a current PyTorch."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from fastreid.data.datasets.bases import ImageDataset
from fastreid.engine import DefaultTrainer, hooks
from fastreid.engine.train_loop import TrainerBase
from fastreid.utils import comm
from fastreid.utils.events import EventStorage
from torch import nn
from torch.optim import Optimizer
from tqdm.contrib.logging import logging_redirect_tqdm
from yacs.config import CfgNode

import fastreid_mm.methods  # noqa: F401  registers the architectures, in spawned processes too
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.initial_weights import INITIAL, NOT_PRETRAINED, RANDOM
from fastreid_mm.common.output_dir import clear_output_dir, refuse_used_output_dir
from fastreid_mm.data.build import build_train_loader
from fastreid_mm.data.device_loader import DeviceLoader
from fastreid_mm.data.item_set import ItemSet
from fastreid_mm.data.readable import require_readable
from fastreid_mm.engine.accumulation import check_parts
from fastreid_mm.engine.averaging import SUFFIX, WeightAverage
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.engine.distributed import unwrap, wrap
from fastreid_mm.engine.hooks import EpochCheckpointer, EpochTest, EpochWriter, LayerFreeze, ProgressBar
from fastreid_mm.engine.interruption import InterimCheckpointer, gather_buffers, restore_buffers
from fastreid_mm.engine.precise_bn import PreciseBN, check_precise_bn
from fastreid_mm.engine.record import initial_weights, list_checksum, log_record, run_record, save_record
from fastreid_mm.engine.report import require_expected, require_expected_form, require_expected_names, save_results
from fastreid_mm.engine.resuming import require_same_training, training_settings
from fastreid_mm.engine.schedule import apply_new_schedule, build_optimizer
from fastreid_mm.engine.setup import save_config, seed_everything, settle
from fastreid_mm.engine.step import TrainingStep, training_precision
from fastreid_mm.engine.testing import chance_results, check_test_sets, run_tests
from fastreid_mm.engine.tracking import WandbRun
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.results import Results, numbers_only, write_json
from fastreid_mm.modeling.batch_checks import require_two_identities
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.terms.host import take_terms
from fastreid_mm.protocols import RetrievalEvaluator, build_evaluator
from fastreid_mm.settings.config_values import refused_by
from fastreid_mm.settings.load import with_values
from fastreid_mm.settings.unread_keys import RecordedConfig, refuse_unread

logger = logging.getLogger("fastreid.mm")


class MMTrainer(DefaultTrainer):
    """Trainer and tester of any registered architecture on CPU or GPU, in one process or several.

    All random numbers depend only on the seed, the process and the iteration, and the augmentation of a sample only on
    the seed and its place in training. So a run that is resumed at a checkpoint, even in the middle of an epoch,
    continues exactly as if it had never stopped, and neither tests in between nor the number of workers change
    anything.

    Args:
        cfg: fast-reid's config with this package's keys. A negative seed is replaced by a random one.

    Raises:
        InputError: data, protocol, sizes or other values cannot be used; raised before training starts.
    """

    def __init__(self, cfg: CfgNode) -> None:
        TrainerBase.__init__(self)  # the host's constructor would build a loader, an optimiser and DDP that do not work
        self._seed_is_drawn = cfg.SEED < 0
        cfg = RecordedConfig(settle(cfg))
        require_expected_form(cfg.TEST.EXPECTED_RESULTS)
        check_precise_bn(cfg)
        loader = self.build_train_loader(cfg)
        require_readable(cfg, cast(ItemSet, loader.dataset).img_items)
        lists: dict[str, str] = {}
        metrics = self.check_test_sets(cfg, lists)
        if cfg.SOLVER.EMA.ENABLED:
            metrics |= {f"{name}{SUFFIX}": found for name, found in metrics.items()}
        require_expected_names(cfg.TEST.EXPECTED_RESULTS, metrics, cfg.TEST.CORRUPTION.ENABLED)
        lists = {"train": list_checksum(cast(ItemSet, loader.dataset).img_items)} | lists
        identities, classes = cast(ItemSet, loader.dataset).num_classes, cfg.MODEL.HEADS.NUM_CLASSES
        if 0 < classes < identities:
            raise InputError(f"MODEL.HEADS.NUM_CLASSES {classes} is less than the {identities} training identities")
        cfg = self.auto_scale_hyperparams(cfg, identities)
        model = self.build_model(cfg)
        architecture = as_meta_architecture(model, cfg.TEST.METRIC)
        if architecture.compares_identities:
            require_two_identities(cfg)
        check_parts(cfg, model)
        optimizer = self.build_optimizer(cfg, model)
        freezes = bool(cfg.MODEL.FREEZE_LAYERS)
        if freezes != (cfg.SOLVER.FREEZE_ITERS > 0):
            raise InputError(
                f"MODEL.FREEZE_LAYERS {list(cfg.MODEL.FREEZE_LAYERS)} and SOLVER.FREEZE_ITERS "
                f"{cfg.SOLVER.FREEZE_ITERS} have no effect without each other"
            )
        self._trainer = TrainingStep(
            wrap(model, freezes, cfg.MODEL.SYNC_BN),
            loader,
            optimizer,
            training_precision(cfg),
            cfg.SOLVER.ACCUMULATION_PARTS,
            cfg.SOLVER.COMPILE,
            cfg.OUTPUT_DIR,
        )
        self.average = WeightAverage(model, cfg.SOLVER.EMA.DECAY) if cfg.SOLVER.EMA.ENABLED else None
        self.iters_per_epoch = len(loader)
        self.scheduler = self.build_lr_scheduler(cfg, optimizer, self.iters_per_epoch)
        self.checkpointer = SafeCheckpointer(
            model,
            cfg.OUTPUT_DIR,
            save_to_disk=comm.is_main_process(),
            optimizer=optimizer,
            grad_scaler=self._trainer.grad_scaler,
            **self.scheduler,
            **({"ema": self.average.model} if self.average else {}),
        )
        self.start_epoch, self.start_iter, self.max_epoch = 0, 0, cfg.SOLVER.MAX_EPOCH
        self.max_iter = self.max_epoch * self.iters_per_epoch
        architecture.set_training_length(self.max_iter)
        self.warmup_iters, self.delay_epochs = cfg.SOLVER.WARMUP_ITERS, cfg.SOLVER.DELAY_EPOCHS
        self.cfg, self._lists = cfg, lists
        self._query_scores: dict[str, QueryScores] = {}
        self.register_hooks(self.build_hooks())
        refuse_unread(cfg, cfg.reads)

    def resume_or_load(self, resume: bool = True, overwrite: bool = False) -> None:
        """Resume from the last checkpoint of ``OUTPUT_DIR``, or load ``MODEL.WEIGHTS`` if given.

        Args:
            resume: whether to resume, if there is a checkpoint.
            overwrite: whether to delete an earlier training in ``OUTPUT_DIR`` otherwise.

        Raises:
            InputError: the checkpoint is of another model or optimiser, or of epochs of another length; or there is an
                earlier training that is neither to be resumed nor to be deleted.
        """
        folder, main = self.cfg.OUTPUT_DIR, comm.is_main_process()
        if main and not resume and not overwrite:
            refuse_used_output_dir(folder)
        self.checkpointer.partial = self.cfg.MODEL.PARTIAL_WEIGHTS
        self.checkpointer.trust = self.cfg.MODEL.TRUST_WEIGHTS
        self.checkpointer.check_resumed = self._check_resumed
        planned = self.scheduler["lr_sched"].state_dict()
        content = self.checkpointer.resume_or_load(self.cfg.MODEL.WEIGHTS, resume=resume)
        if not self.checkpointer.resumed:
            if main and resume:
                refuse_used_output_dir(folder, resume)
                logger.warning(f"--resume: there is no checkpoint in {folder} yet, training begins")
            if main:  # not before: a training should not be lost if weights cannot be loaded
                clear_output_dir(folder, self.cfg.MODEL.WEIGHTS)
            return
        self.start_epoch, self.start_iter = content["epoch"] + 1, content["iterations"]
        buffers, seed = content.get("buffers"), content.get("seed")
        restore_buffers(unwrap(self.model), buffers if isinstance(buffers, list) else [])
        self._follow_seed(seed if type(seed) is int else self.cfg.SEED)
        changed = apply_new_schedule(self.scheduler["lr_sched"], planned)
        if changed:
            logger.warning(f"SOLVER.SCHED: {', '.join(changed)} differ from the checkpoint's: the config's are used")

    def _check_resumed(self, content: dict) -> None:
        """Refuse a checkpoint of another training, and warn of another training list."""
        require_same_training(self.cfg, content, self.checkpointer.resumed, self.iters_per_epoch)
        if content.get("data", self._lists["train"]) != self._lists["train"]:
            then, now = content.get("images", "?"), len(cast(ItemSet, self._trainer.data_loader.dataset))
            logger.warning(
                f"The training list differs from the checkpoint's, with {now} instead of {then} images: results will "
                "differ from an uninterrupted run"
            )

    def _follow_seed(self, seed: int) -> None:
        """Use a checkpoint's seed if the config leaves it open."""
        if seed == self.cfg.SEED:
            return
        if not self._seed_is_drawn:
            logger.warning(f"SEED {self.cfg.SEED} differs from the checkpoint's {seed}: the config's is used")
            return
        self.cfg = with_values(self.cfg, SEED=seed)
        logger.info(f"Seed {seed}, as the checkpoint's")
        self._trainer.data_loader = self.build_train_loader(self.cfg)

    def train(self) -> Results:
        """Train to the end, test, and save config and results in ``OUTPUT_DIR``.

        Returns:
            The results on the first process, an empty dict on the others.
        """
        save_config(self.cfg)  # not before: resume_or_load may refuse the folder of another training
        begun = {INITIAL: initial_weights(self.cfg)}
        record = run_record(self.cfg, self._lists) | begun
        log_record(record)
        if begun[INITIAL] == RANDOM:
            logger.warning(f"MODEL.BACKBONE.PRETRAIN False: {NOT_PRETRAINED}")
        tracked = self.cfg.TRACKING.WANDB.ENABLED and comm.is_main_process()
        run = WandbRun(self.cfg, resumed=self.start_iter > 0) if tracked else None
        references = self._measure_references() if self.cfg.TEST.REFERENCES else None
        if self.start_epoch >= self.max_epoch:
            logger.info(f"All {self.max_epoch} epochs are done: testing only")
        with logging_redirect_tqdm([logging.getLogger("fastreid")]):
            self._train_on()
        save_results(self.cfg.OUTPUT_DIR, self._last_eval_results, references, scores=self._query_scores)
        save_record(self.cfg.OUTPUT_DIR, record)
        if run:
            run.finish(self._last_eval_results)
        require_expected(self.cfg.TEST.EXPECTED_RESULTS, self._last_eval_results)
        return self._last_eval_results

    def _measure_references(self) -> dict[str, Results]:
        """Measure the results of chance and the untrained network; a resumed run reads those of the first run."""
        path = Path(self.cfg.OUTPUT_DIR) / "references.json"
        if self.start_iter > 0 and path.is_file():
            return json.loads(path.read_text())
        references = {"untrained": self.test(self.cfg, self.model)} if self.start_iter == 0 else {}
        if comm.is_main_process():
            references["chance"] = chance_results(self.cfg, self.build_evaluator)
            if self.start_iter == 0:
                write_json(str(path), references)
        return references

    def _train_on(self) -> None:
        """Train from the first missing iteration to the end; the host's loop can begin only with whole epochs."""
        self.iter, self.epoch = self.start_iter, self.start_epoch - 1
        with EventStorage(self.start_iter) as self.storage:
            self.storage.epoch = self.epoch
            self.before_train()
            try:
                for self.epoch in range(self.start_epoch, self.max_epoch):  # noqa: B020
                    self.before_epoch()
                    while self.iter < (self.epoch + 1) * self.iters_per_epoch:
                        self.before_step()
                        self.run_step()
                        self.after_step()
                        self.iter += 1
                    self.after_epoch()
            finally:
                self.after_train()

    def before_epoch(self) -> None:
        """Begin the epoch's batches, after those that are already done."""
        self._trainer.start_epoch(self.epoch, self.iter - self.epoch * self.iters_per_epoch)
        super().before_epoch()

    def before_step(self) -> None:
        """Seed the iteration."""
        seed_everything(self.cfg.SEED, comm.get_rank(), self.epoch, self.iter + 1)  # 0 would repeat the initialisation
        super().before_step()

    def save(self, name: str, epochs: int, iterations: int) -> None:
        """Save a checkpoint, while every process waits.

        Args:
            name: the name of the file, without its ending.
            epochs: the number of finished epochs.
            iterations: the number of finished iterations, including those of an unfinished epoch.
        """
        self.checkpointer.save(
            name,
            epoch=epochs - 1,
            iterations=iterations,
            seed=self.cfg.SEED,
            data=self._lists["train"],
            images=len(cast(ItemSet, self._trainer.data_loader.dataset)),
            config=training_settings(self.cfg),
            iters_per_epoch=self.iters_per_epoch,
            num_classes=self.cfg.MODEL.HEADS.NUM_CLASSES,
            buffers=gather_buffers(unwrap(self.model)),
        )
        comm.synchronize()

    def build_hooks(self) -> list[hooks.HookBase]:
        """Build fast-reid's hooks, with checkpoints on all processes together and a progress bar on a terminal."""
        cfg, renewal = self.cfg, PreciseBN()
        random = {INITIAL: RANDOM} if initial_weights(cfg) == RANDOM else {}
        built = [hooks.IterationTimer(), hooks.LRScheduler(self.optimizer, self.scheduler)]
        if cfg.MODEL.FREEZE_LAYERS and cfg.SOLVER.FREEZE_ITERS > 0:
            built.append(LayerFreeze(unwrap(self.model), cfg.MODEL.FREEZE_LAYERS, cfg.SOLVER.FREEZE_ITERS))

        def test() -> Results:
            self._query_scores.clear()
            self._last_eval_results = self._test_weights({**renewal.note, **random})
            return numbers_only(self._last_eval_results)  # they also go to TensorBoard

        period = cfg.TEST.EVAL_PERIOD if cfg.TEST.EVAL_PERIOD > 0 else self.max_epoch  # the host divides by zero
        built += [
            renewal,
            *([self.average] if self.average else []),
            EpochCheckpointer(cfg.SOLVER.CHECKPOINT_PERIOD, period),
            EpochTest(period, test),
        ]
        if ProgressBar.wanted():
            built.append(ProgressBar())
        if comm.is_main_process():
            built.append(EpochWriter(self.build_writers, 200))
        return [*built, InterimCheckpointer(cfg.SOLVER.CHECKPOINT_ITERS)]

    def _test_weights(self, notes: Mapping[str, str]) -> Results:
        """Test the weights, and those of the average, if there is one; then all results say which they are of."""
        if self.average is None:
            return self.test(self.cfg, self.model, notes, self._query_scores)
        trained = self.test(self.cfg, self.model, {**notes, "weights": "trained"}, self._query_scores)
        cfg, decay = with_values(self.cfg, TEST__RANKED_LISTS=0), self.average.decay
        averaged = self.test(cfg, self.average.model, {**notes, "weights": f"moving average, decay {decay}"})
        return {**trained, **{f"{name}{SUFFIX}": settings for name, settings in averaged.items()}}

    @staticmethod
    def auto_scale_hyperparams(cfg: CfgNode, num_classes: int) -> CfgNode:
        """Set the number of classes to that of identities if it is open; the host's method also writes a file."""
        return cfg if cfg.MODEL.HEADS.NUM_CLASSES else with_values(cfg, MODEL__HEADS__NUM_CLASSES=num_classes)

    @classmethod
    def build_model(cls, cfg: CfgNode) -> nn.Module:
        """Build the model as fast-reid does, and refuse values that do not go together in one line."""
        with refused_by(f"{cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME}"):
            return take_terms(super().build_model(cfg), cfg)

    @classmethod
    def build_optimizer(cls, cfg: CfgNode, model: nn.Module) -> Optimizer:
        """Call :func:`fastreid_mm.engine.schedule.build_optimizer`, with errors as in :meth:`build_model`."""
        with refused_by(f"SOLVER.OPT {cfg.SOLVER.OPT}"):
            return build_optimizer(cfg, model)

    @classmethod
    def build_lr_scheduler(cls, cfg: CfgNode, optimizer: Optimizer, iters_per_epoch: int) -> dict:
        """Build the schedule as fast-reid does, with errors as in :meth:`build_model`."""
        with refused_by(f"SOLVER.SCHED {cfg.SOLVER.SCHED}"):
            return super().build_lr_scheduler(cfg, optimizer, iters_per_epoch)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> DeviceLoader:
        """Call :func:`fastreid_mm.data.build_train_loader`."""
        return build_train_loader(cfg)

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset: ImageDataset) -> RetrievalEvaluator:
        """Call :func:`fastreid_mm.protocols.build_evaluator`."""
        return build_evaluator(cfg, dataset)

    @classmethod
    def check_test_sets(cls, cfg: CfgNode, lists: dict[str, str] | None = None) -> dict[str, dict[str, list[str]]]:
        """Call :func:`fastreid_mm.engine.testing.check_test_sets`."""
        return check_test_sets(cfg, cls.build_evaluator, lists)

    @classmethod
    def test(
        cls,
        cfg: CfgNode,
        model: nn.Module,
        notes: Mapping[str, str] | None = None,
        scores: dict[str, QueryScores] | None = None,
    ) -> Results:
        """Call :func:`fastreid_mm.engine.testing.run_tests`."""
        return run_tests(cfg, model, cls.build_evaluator, notes, scores=scores)
