"""Train and test a model: the command ``fastreid-mm-train``."""

from fastreid_mm.commands.train_arguments import argument_parser, refuse_early
from fastreid_mm.common.errors import one_line_errors
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
