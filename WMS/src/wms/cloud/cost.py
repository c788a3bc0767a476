"""What the month has cost, and whether the instance may be started for more."""

from __future__ import annotations

from datetime import datetime, timedelta

from wms.cloud.lease import note_override
from wms.cloud.ledger import CostLedger, Prices, make_ledger, month_of, refusal
from wms.cloud.shared_instance import swap
from wms.core.cloud_ports import LeaseStore
from wms.core.context import Context, Environment
from wms.core.errors import Code, InputError
from wms.core.records.lease_book import BudgetOverride, LeaseBook
from wms.core.settings.infra import InfraSettings

BUCKETS_GIB = 10
"""The assumed size of data, dumps and artifacts; S3 is not asked."""


def prices(settings: InfraSettings) -> Prices:
    """What an environment costs; its address is paid for while the instance runs."""
    disks_gib = settings.root_volume_gib + settings.data_volume_gib
    hourly, keeping = settings.price_usd_per_hour, settings.price_usd_of_keeping
    return Prices(
        usd_per_hour={name: usd + keeping.address_hour for name, usd in hourly.items()},
        instance_type=settings.instance_type,
        fixed_usd_per_month={
            f"disks, {disks_gib} GiB": disks_gib * keeping.volume_gib_month,
            f"buckets, {BUCKETS_GIB} GiB assumed": BUCKETS_GIB * keeping.bucket_gib_month,
        },
    )


TRAINING_HOURS = 1.5
"""What a training keeps the instance running for: the times to start and to stop included."""


def expected_usd(settings: InfraSettings, trainings: int) -> dict[str, float]:
    """What a month with so many trainings costs, by what it is for, at the settings' prices."""
    paid = prices(settings)
    running = f"{settings.instance_type} with its address, {TRAINING_HOURS} h a training"
    return paid.fixed_usd_per_month | {running: trainings * TRAINING_HOURS * paid.hour()}


def month_cost(ctx: Context, month: str | None = None) -> CostLedger:
    """The ledger of a month, this one by default.

    Raises:
        InputError: no environment is chosen.
    """
    paid = prices(chosen_environment(ctx).priced())
    now, book = ctx.clock(), ctx.ports.leases.load()[0]
    return make_ledger(book, month=month or month_of(now), prices=paid, now=now)


def chosen_environment(ctx: Context) -> Environment:
    """The environment that costs money.

    Raises:
        InputError: none is chosen: an embedded run costs nothing.
    """
    if ctx.environment is None:
        raise InputError(
            "no environment is chosen, and an embedded run costs nothing",
            Code.CONFIG,
            remedy="Set WMS_ENVIRONMENT to the name of the environment, such as dev.",
        )
    return ctx.environment


def require_budget(
    leases: LeaseStore,
    *,
    holder: str,
    ttl: timedelta,
    override: str | None,
    settings: InfraSettings,
    now: datetime,
) -> None:
    """Check that the budget allows a new lease; whoever holds one may extend it.

    `override` is the reason to start above the budget; the book keeps it.

    Raises:
        InputError: the budget does not allow it, and no reason was given.
    """
    book, paid = leases.load()[0], prices(settings)
    known = book.of(holder)
    if known is not None and known.live(now):
        return
    ledger = make_ledger(book, month=month_of(now), prices=paid, now=now)
    reason = refusal(ledger, budget_usd=settings.monthly_budget_usd, ttl=ttl, prices=paid)
    if not reason:
        return
    if not override:
        raise InputError(reason, Code.BUDGET)
    noted = BudgetOverride(holder=holder, reason=override, at=now, spent_usd=ledger.total_usd)

    def note(book: LeaseBook) -> LeaseBook:
        return book if noted in book.overrides else note_override(book, noted)

    swap(leases, note)
