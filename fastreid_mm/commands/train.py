"""Train and test a model: the commands ``fastreid-mm-train`` and ``fastreid-mm-test``."""

from fastreid_mm.commands.train_arguments import argument_parser, refuse_early
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Train, or test with ``--eval-only``, and leave ``results.json`` in ``OUTPUT_DIR``."""
    require_fastreid()
    args = argument_parser().parse_args(arguments)
    refuse_early(args)
    say_loading("fastreid")
    from fastreid_mm.commands.run import start

    start(args)


@one_line_errors()
def test(arguments: list[str] | None = None) -> None:
    """Test a checkpoint, which must be given, as :func:`main` does with ``--eval-only``."""
    require_fastreid()
    args = argument_parser().parse_args(arguments)
    args.eval_only = True
    refuse_early(args)
    say_loading("fastreid")
    from fastreid_mm.commands.run import start
    from fastreid_mm.settings.load import load_config

    if not load_config(args.config_file, args.opts).MODEL.WEIGHTS:
        raise InputError("MODEL.WEIGHTS is empty, which model is to be tested? Give --weights and a checkpoint")
    start(args)
