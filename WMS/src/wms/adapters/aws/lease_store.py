"""The lease book as one S3 object, written by If-Match and If-None-Match."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from botocore.exceptions import BotoCoreError, ClientError

from wms.adapters.aws.session import Aws, error_code, read_object
from wms.core.cloud_ports import LeaseStore
from wms.core.errors import LeaseConflictError, LeaseError, RecordError
from wms.core.records.lease_book import LeaseBook

LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"})
"""S3's answers to a conditional write that came too late: another tag, another write under way, no
object any more."""


class S3LeaseStore(LeaseStore):
    """`LeaseStore` in one object; the entity tag is S3's.

    botocore sends a write whose answer was lost again, with the same condition. If the first attempt had
    arrived, the second is refused. So after a refusal of a second attempt the object is read: if it has our
    bytes, the write was ours.

    Args:
        bucket: returns the bucket's name; called once, when it is needed.
        key: the object.
        aws: the bucket's account and region.
    """

    def __init__(self, bucket: Callable[[], str], key: str, *, aws: Aws) -> None:
        self._bucket_name, self._key, self._aws = bucket, key, aws

    def load(self) -> tuple[LeaseBook, str | None]:
        found = self._read()
        if found is None:
            return LeaseBook(), None
        data, tag = found
        try:
            return LeaseBook.from_json(data, source=self._where), tag
        except RecordError as error:
            raise LeaseError(
                str(error), remedy="Restore an earlier version of the object, or delete it if nothing runs."
            ) from error

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        data = book.to_json()
        condition = {"IfNoneMatch": "*"} if expect is None else {"IfMatch": expect}
        try:
            answer = self._aws.client("s3").put_object(
                Bucket=self._bucket, Key=self._key, Body=data, ContentType="application/json", **condition
            )
        except ClientError as error:
            told = error.response["ResponseMetadata"]
            if error_code(error) in LOST:
                stored = self._read() if told["RetryAttempts"] else None
                if stored is None or stored[0] != data:
                    raise LeaseConflictError(
                        f"the lease book {self._where} was changed by somebody else"
                    ) from error
                return stored[1]
            failed = "could not be written" if told["HTTPStatusCode"] < 500 else "may not have been written"
            raise LeaseError(f"{self._where} {failed}: {error}") from error
        except BotoCoreError as error:
            raise LeaseError(f"{self._where} may not have been written: {error}") from error
        return str(answer["ETag"])

    def _read(self) -> tuple[bytes, str] | None:
        try:
            return read_object(self._aws.client("s3"), self._bucket, self._key)
        except (ClientError, BotoCoreError) as error:
            raise LeaseError(f"{self._where} cannot be read: {error}") from error

    @cached_property
    def _bucket(self) -> str:
        return self._bucket_name()

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._key}"
