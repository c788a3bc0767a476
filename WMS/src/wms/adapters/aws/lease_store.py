"""The lease book as one S3 object, written by If-Match and If-None-Match."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from wms.adapters.aws.session import Aws
from wms.core.errors import LeaseConflictError, LeaseError, RecordError
from wms.core.records.lease_book import LeaseBook

logger = logging.getLogger(__name__)

WRITE_ATTEMPTS = 4
"""How often a write is sent while it is not known whether it arrived."""

RETRY_SECONDS = 0.5

LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"})
"""S3's answers to a conditional write that came too late: another tag, another write under way, no
object any more."""


class S3LeaseStore:
    """`LeaseStore` in one object; the entity tag is S3's.

    A write whose answer was lost is sent again with the same condition. If the first had arrived the
    second is refused, so after a refusal the object is read: what is there byte for byte was ours.

    Args:
        bucket: answers the bucket's name; asked once, when it is needed.
        key: the object.
        aws: the bucket's account and region.
        sleep: waits between attempts.
    """

    def __init__(
        self,
        bucket: Callable[[], str],
        key: str,
        *,
        aws: Aws,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket_name, self._key, self._aws, self._sleep = bucket, key, aws, sleep

    def load(self) -> tuple[LeaseBook, str | None]:
        """The book and its entity tag; an empty book and `None` where none was ever written."""
        data, tag = self._read()
        if data is None:
            return LeaseBook(), None
        try:
            return LeaseBook.from_json(data, source=self._where), tag
        except RecordError as error:
            raise LeaseError(
                str(error), remedy="Restore an earlier version of the object, or delete it if nothing runs."
            ) from error

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        """Write the book if its tag is still `expect`; return the new tag.

        Raises:
            LeaseConflictError: somebody else wrote it meanwhile.
            LeaseError: S3 refused, or it is not known whether the book was written.
        """
        data = book.to_json()
        condition = {"IfNoneMatch": "*"} if expect is None else {"IfMatch": expect}
        last: Exception | None = None
        for attempt in range(WRITE_ATTEMPTS):
            if attempt:
                self._sleep(RETRY_SECONDS * 2**attempt)
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=self._key, Body=data, ContentType="application/json", **condition
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in LOST:
                    return self._own_write(data, error, unsure=last is not None)
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise LeaseError(f"{self._where} could not be written: {error}") from error
                last = error
            except BotoCoreError as error:
                last = error
            else:
                return str(answer["ETag"])
            logger.info("it is not known whether the lease book was written: %s", last)
        raise LeaseError(f"{self._where} may not have been written: {last}") from last

    def _own_write(self, data: bytes, error: ClientError, *, unsure: bool) -> str:
        """The tag of our own write, if an earlier attempt whose answer was lost had arrived."""
        stored, tag = self._read() if unsure else (None, None)
        if stored != data or tag is None:
            raise LeaseConflictError(f"the lease book {self._where} was changed by somebody else") from error
        return tag

    def _read(self) -> tuple[bytes | None, str | None]:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
            return answer["Body"].read(), str(answer["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None, None
            raise LeaseError(f"{self._where} cannot be read: {error}") from error
        except BotoCoreError as error:
            raise LeaseError(f"{self._where} cannot be read: {error}") from error

    @cached_property
    def _bucket(self) -> str:
        return self._bucket_name()

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._key}"

    @property
    def _client(self) -> Any:
        # A retry inside botocore would hide that an answer was lost.
        return self._aws.client("s3", attempts=1)
