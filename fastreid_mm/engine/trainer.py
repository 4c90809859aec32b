"""fast-reid's trainer, made to work on a current PyTorch."""

import logging
import os
from typing import cast

from fastreid.data.datasets.bases import ImageDataset
from fastreid.engine import DefaultTrainer, hooks
from fastreid.engine.train_loop import TrainerBase
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from torch import nn
from tqdm.contrib.logging import logging_redirect_tqdm
from yacs.config import CfgNode

import fastreid_mm.modeling  # noqa: F401  registers the architectures, in spawned processes too
from fastreid_mm.data.build import build_dataset, build_test_loader, build_train_loader
from fastreid_mm.data.device_loader import DeviceLoader
from fastreid_mm.data.item_set import ItemSet
from fastreid_mm.engine.checkpoint import SafeCheckpointer, saved_num_classes
from fastreid_mm.engine.config_values import refused_by
from fastreid_mm.engine.distributed import share_buffers, unwrap, wrap
from fastreid_mm.engine.hooks import EpochCheckpointer, EpochWriter, LayerFreeze, ProgressBar
from fastreid_mm.engine.report import log_results, require_expected, require_expected_form, save_results
from fastreid_mm.engine.schedule import apply_new_steps, build_optimizer
from fastreid_mm.engine.setup import save_config, seed_everything, settle, with_values
from fastreid_mm.engine.step import TrainingStep
from fastreid_mm.engine.unread_keys import RecordedConfig, refuse_unread
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.results import Results, Settings, numbers_only
from fastreid_mm.modeling.config_checks import require_two_identities
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.protocols import RetrievalEvaluator, build_evaluator, corrupted_results, draw_ranked_lists

logger = logging.getLogger("fastreid.mm")


class MMTrainer(DefaultTrainer):
    """Trains and tests any registered architecture on CPU or GPU, in one process or several.

    Everything random follows from the seed, the process and the epoch alone. So a run that is resumed at a checkpoint
    goes on exactly as if it had never stopped, and testing in between changes nothing.

    Args:
        cfg: fast-reid's config with this package's keys. A seed below 0 is drawn.

    Raises:
        InputError: whatever is wrong with data, protocol or sizes, before training starts.
    """

    def __init__(self, cfg: CfgNode) -> None:
        TrainerBase.__init__(self)  # the host's own would build a loader, an optimiser and DDP that do not work
        self._seed_is_drawn = cfg.SEED < 0
        cfg = RecordedConfig(settle(cfg))
        loader = self.build_train_loader(cfg)
        self.references = {"chance": self.check_test_sets(cfg)}
        cfg = self.auto_scale_hyperparams(cfg, cast(ItemSet, loader.dataset).num_classes)
        model = self.build_model(cfg)
        asked = as_meta_architecture(model, cfg.TEST.METRIC)
        if asked.compares_identities:
            require_two_identities(cfg, comm.get_world_size())
        with refused_by(f"SOLVER.OPT {cfg.SOLVER.OPT}"):
            optimizer = build_optimizer(cfg, model)
        freezes = bool(cfg.MODEL.FREEZE_LAYERS)
        if freezes != (cfg.SOLVER.FREEZE_ITERS > 0):
            raise InputError(
                f"MODEL.FREEZE_LAYERS {list(cfg.MODEL.FREEZE_LAYERS)} and SOLVER.FREEZE_ITERS "
                f"{cfg.SOLVER.FREEZE_ITERS} have no effect without each other"
            )
        self._trainer = TrainingStep(wrap(model, freezes), loader, optimizer, cfg.SOLVER.AMP.ENABLED)
        self.iters_per_epoch = len(loader)
        self.scheduler = self.build_lr_scheduler(cfg, optimizer, self.iters_per_epoch)
        self.checkpointer = SafeCheckpointer(
            model,
            cfg.OUTPUT_DIR,
            save_to_disk=comm.is_main_process(),
            optimizer=optimizer,
            grad_scaler=self._trainer.grad_scaler,
            **self.scheduler,
        )
        self.start_epoch, self.max_epoch = 0, cfg.SOLVER.MAX_EPOCH
        self.max_iter = self.max_epoch * self.iters_per_epoch
        asked.set_training_length(self.max_iter)
        self.warmup_iters, self.delay_epochs = cfg.SOLVER.WARMUP_ITERS, cfg.SOLVER.DELAY_EPOCHS
        self.cfg = cfg
        self.register_hooks(self.build_hooks())
        require_expected_form(cfg.TEST.EXPECTED_RESULTS)
        refuse_unread(cfg, cfg.reads)

    def resume_or_load(self, resume: bool = True) -> None:
        """Go on from the last checkpoint of ``OUTPUT_DIR``, or load ``MODEL.WEIGHTS`` if given.

        Raises:
            InputError: the checkpoint is of another model, or of epochs of another length.
        """
        self.checkpointer.partial = self.cfg.MODEL.PARTIAL_WEIGHTS
        content = self.checkpointer.resume_or_load(self.cfg.MODEL.WEIGHTS, resume=resume)
        if not (resume and self.checkpointer.has_checkpoint()):
            return
        self.start_epoch = content["epoch"] + 1
        here = self.start_epoch * self.iters_per_epoch
        if content["iterations"] != here:
            raise InputError(
                f"checkpoint {self.checkpointer.get_checkpoint_file()} was made after "
                f"{content['iterations']} iterations, {self.start_epoch} epochs of this data and batch "
                f"are {here}"
            )
        self._follow_seed(content.get("seed", self.cfg.SEED))
        if apply_new_steps(self.scheduler["lr_sched"], self.cfg.SOLVER.STEPS, self.cfg.SOLVER.GAMMA):
            logger.warning("SOLVER.STEPS or GAMMA differ from the checkpoint's: the config's are used")

    def _follow_seed(self, seed: int) -> None:
        """Take up a checkpoint's seed where the config leaves it open."""
        if seed == self.cfg.SEED:
            return
        if not self._seed_is_drawn:
            logger.warning(f"SEED {self.cfg.SEED} differs from the checkpoint's {seed}: the config's is used")
            return
        self.cfg = with_values(self.cfg, SEED=seed)
        save_config(self.cfg)
        logger.info(f"Seed {seed}, as the checkpoint's")
        self._trainer.data_loader = self.build_train_loader(self.cfg)

    def train(self) -> Results:
        """Train to the end, test, and save the results in ``OUTPUT_DIR``.

        Returns:
            The results on the first process, nothing on the others.
        """
        if self.start_epoch >= self.max_epoch:
            logger.info(f"All {self.max_epoch} epochs are done: testing only")
            self._last_eval_results = self.test(self.cfg, self.model)
        else:
            if self.cfg.TEST.REFERENCES and self.start_epoch == 0:
                self.references = {"untrained": self.test(self.cfg, self.model)} | self.references
            with logging_redirect_tqdm([logging.getLogger("fastreid")]):
                TrainerBase.train(self, self.start_epoch, self.max_epoch, self.iters_per_epoch)
        save_results(
            self.cfg.OUTPUT_DIR, self._last_eval_results, self.references if self.cfg.TEST.REFERENCES else None
        )
        require_expected(self.cfg.TEST.EXPECTED_RESULTS, self._last_eval_results)
        return self._last_eval_results

    def before_epoch(self) -> None:
        """Seed the epoch and begin its batches."""
        seed_everything(self.cfg.SEED, comm.get_rank(), self.epoch)
        self._trainer.start_epoch(self.epoch)
        super().before_epoch()

    def build_hooks(self) -> list[hooks.HookBase]:
        """fast-reid's hooks, with checkpoints on all processes together and a progress bar on a terminal."""
        cfg = self.cfg
        built = [hooks.IterationTimer(), hooks.LRScheduler(self.optimizer, self.scheduler)]
        if cfg.MODEL.FREEZE_LAYERS and cfg.SOLVER.FREEZE_ITERS > 0:
            built.append(LayerFreeze(unwrap(self.model), cfg.MODEL.FREEZE_LAYERS, cfg.SOLVER.FREEZE_ITERS))

        def test() -> Results:
            self._last_eval_results = self.test(cfg, self.model)
            return numbers_only(self._last_eval_results)  # they also go to TensorBoard

        period = cfg.TEST.EVAL_PERIOD if cfg.TEST.EVAL_PERIOD > 0 else self.max_epoch  # the host divides by zero
        built += [hooks.EvalHook(period, test), EpochCheckpointer(cfg.SOLVER.CHECKPOINT_PERIOD)]
        if ProgressBar.wanted():
            built.append(ProgressBar())
        if comm.is_main_process():
            built.append(EpochWriter(self.build_writers(), 200))
        return built

    @classmethod
    def build_model(cls, cfg: CfgNode) -> nn.Module:
        """fast-reid's, with errors of values that do not go together in one line."""
        with refused_by(f"{cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME}"):
            return super().build_model(cfg)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> DeviceLoader:
        """See :func:`fastreid_mm.data.build_train_loader`."""
        return build_train_loader(cfg)

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset: ImageDataset) -> RetrievalEvaluator:
        """See :func:`fastreid_mm.protocols.build_evaluator`."""
        return build_evaluator(cfg, dataset)

    @classmethod
    def check_test_sets(cls, cfg: CfgNode) -> Results:
        """Run every test protocol on random features, and return what they reach: chance."""
        results = {}
        for name in cfg.DATASETS.TESTS:
            dataset = build_dataset(cfg, name)
            evaluator = cls.build_evaluator(cfg, dataset)
            if comm.is_main_process():
                dataset.show_test()
                results[name] = _with_gallery(evaluator.chance(), evaluator)
        return results

    @classmethod
    def test(cls, cfg: CfgNode, model: nn.Module) -> Results:
        """Test on ``DATASETS.TESTS``, and write a table of the results to the log.

        Returns:
            Data set to setting to metrics in percent, and "gallery" that says how galleries were drawn, on the first
            process; empty on the others. With ``TEST.CORRUPTION`` also what :func:`corrupted_results` adds.
        """
        share_buffers(model)
        model, results = unwrap(model), {}
        for name in cfg.DATASETS.TESTS:
            dataset = build_dataset(cfg, name)
            evaluator = cls.build_evaluator(cfg, dataset)
            evaluator.distance = as_meta_architecture(model, cfg.TEST.METRIC).pairwise_distance
            loader = build_test_loader(cfg, dataset)
            found = inference_on_dataset(model, loader, evaluator, flip_test=cfg.TEST.FLIP.ENABLED)
            if comm.is_main_process():
                results[name] = _with_gallery(found, evaluator)
                if cfg.TEST.RANKED_LISTS:
                    draw_ranked_lists(
                        evaluator, os.path.join(cfg.OUTPUT_DIR, f"ranked_lists_{name}.png"), cfg.TEST.RANKED_LISTS
                    )
            if cfg.TEST.CORRUPTION.ENABLED:
                corrupted = corrupted_results(cfg, model, dataset, evaluator)
                results |= {part: _with_gallery(found, evaluator) for part, found in corrupted.items()}
        if results:
            log_results({"": results})
        return results


def _with_gallery(found: Settings, evaluator: RetrievalEvaluator) -> Settings:
    return {setting: {**metrics, "gallery": evaluator.gallery_source} for setting, metrics in found.items()}


def evaluate_only(cfg: CfgNode) -> Results:
    """Test ``MODEL.WEIGHTS``, or, with a warning, the untrained network if there are none; save the results.

    Raises:
        InputError: the checkpoint does not exist or is of another model.
    """
    cfg = settle(cfg)
    if not cfg.MODEL.HEADS.NUM_CLASSES:
        cfg = with_values(cfg, MODEL__HEADS__NUM_CLASSES=saved_num_classes(cfg.MODEL.WEIGHTS))
    untrained = "" if cfg.MODEL.WEIGHTS else "MODEL.WEIGHTS is empty: what is tested is an UNTRAINED network"
    if untrained:
        logger.warning(untrained)
    model = MMTrainer.build_model(cfg)
    SafeCheckpointer(model).load(cfg.MODEL.WEIGHTS, checkpointables=[])
    results = MMTrainer.test(cfg, model)
    save_results(cfg.OUTPUT_DIR, results)
    require_expected(cfg.TEST.EXPECTED_RESULTS, results)
    if untrained:
        logger.warning(untrained)  # again, where the results are read
    return results
