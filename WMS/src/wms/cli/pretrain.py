"""`wms pretrain`: make the weights that first trainings start from."""

from __future__ import annotations

from pathlib import Path

import click

from wms import wiring
from wms.cli import options, output
from wms.core import extras
from wms.core.layout import Layout


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for all that is made.")
@click.option("--pairs", type=click.IntRange(min=40), default=6000, show_default=True, help="Rendered pairs.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=7_000_001, show_default=True, help="Which meters."
)
@click.option("--epochs", type=click.IntRange(min=2), default=8, show_default=True, help="Of the training.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Cores that compute."
)
@options.json
def pretrain(out: Path, pairs: int, seed: int, epochs: int, threads: int) -> None:
    """Render meters of invented makes and train on them: weights for a first training to start from.

    wms ships with such weights, so you need this only for another network (train.yaml) or other meters.
    The defaults take about an hour on one core. Repeat an interrupted command to resume it. To use the
    result, copy pretrained.safetensors and pretrained.json to the folder that the command names at its end.

    \b
    Example:
      wms pretrain --out run/pretrained
    """
    extras.require(extras.Extra.TRAIN)
    from wms.training.pretrain import pretrain as run
    from wms.training.pretrained import SHIPPED

    card = run(
        Layout.find(Path.cwd()).root,
        out=out,
        pairs=pairs,
        seed=seed,
        epochs=epochs,
        threads=threads,
        code_sha=wiring.code_sha(),
        progress=output.ConsoleProgress(),
    )
    output.answer(
        card,
        f"{out / 'pretrained.safetensors'}: Dice {card.val_dice:.4f} on rendered pairs that it did not see; "
        f"SHA-256 {card.weights_sha256[:12]}",
        f"trainings start from the weights in {SHIPPED}",
    )
