"""What the tracking server missed of a training, sent later."""

from __future__ import annotations

from wms.cloud.degraded import tracking_registry, unregistered_because
from wms.core.context import Context
from wms.core.files import read_record, write_record
from wms.core.records.training import TrainResult
from wms.training.tracking import flush_spool


def finish_tracking(ctx: Context) -> None:
    """Send what the tracking server missed of a training whose candidate is registered already."""
    layout = ctx.layout
    if layout.record("candidate").is_file():
        deliver_tracking(ctx, read_record(layout.record("train"), TrainResult))


def deliver_tracking(ctx: Context, result: TrainResult) -> TrainResult:
    """Send what the tracking server missed of a training, and write down what it has now.

    Raises:
        RegistryError: the server still knows nothing of this training.
    """
    if result.tracking_complete:
        return result
    registry = tracking_registry(ctx, reason=unregistered_because(ctx))
    delivered = flush_spool(result, out=ctx.layout.run, registry=registry)
    write_record(ctx.layout.record("train"), delivered)
    return delivered
