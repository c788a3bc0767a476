"""One account and region of AWS, and what it says when it refuses."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, WaiterError

from wms.core.errors import ComputeError

EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "AuthFailure")
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")

SIGN_IN = (
    "Sign in again: `aws configure`, `aws sso login`, or fresh session keys in AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
)
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 15, 3
"""Limits of one request, and how often it is sent if AWS or the network fails."""

ASK_FOR_RIGHTS = "Ask for the permission named above, or use credentials that have it."


class Aws:
    """Clients of one region, found by the usual chain of credentials; threads may share it."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._session = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def client(self, service: str) -> Any:
        """A client of a service such as `s3`, which gives up on a dead connection in seconds."""
        with self._making:  # a session makes one client at a time; clients are shared freely
            if service not in self._clients:
                config = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                )
                self._clients[service] = self._session.client(service, config=config)
            return self._clients[service]

    def temporary(self) -> bool:
        """Whether the credentials end by themselves."""
        credentials = self._session.get_credentials()
        return credentials is not None and bool(credentials.token)


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what AWS says into a WmsError.

    Raises:
        ComputeError: AWS refused, or could not be reached.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise ComputeError(f"asking AWS {what}: there are no credentials", remedy=SIGN_IN) from error
    except ClientError as error:
        code = error_code(error)
        text = f"asking AWS {what}: {code}: {error_message(error)}".rstrip(": ")
        remedies = {**dict.fromkeys(EXPIRED, SIGN_IN), **dict.fromkeys(DENIED, ASK_FOR_RIGHTS)}
        raise ComputeError(text, remedy=remedies.get(code)) from error
    except WaiterError as error:
        raise ComputeError(f"waiting for AWS, {what}: {error}") from error
    except BotoCoreError as error:
        raise ComputeError(f"asking AWS {what}: {error}", remedy="See that the network is up.") from error


def bucket_is_there(s3: Any, bucket: str, **options: str) -> bool:
    """Whether a bucket exists; a refusal is botocore's error."""
    try:
        s3.head_bucket(Bucket=bucket, **options)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchBucket"):
            return False
        raise
    return True


def read_object(s3: Any, bucket: str, key: str) -> tuple[bytes, str] | None:
    """An object's bytes and entity tag; `None` if the bucket has no such object. Errors are botocore's."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
        return answer["Body"].read(), str(answer["ETag"])
    except ClientError as error:
        if error_code(error) == "NoSuchKey":
            return None
        raise


def last_modified(s3: Any, bucket: str, key: str) -> datetime | None:
    """When an object was written; `None` if there is no such object. Errors are botocore's."""
    try:
        found: datetime = s3.head_object(Bucket=bucket, Key=key)["LastModified"]
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchKey", "NoSuchBucket"):
            return None
        raise
    return found


def error_code(error: ClientError) -> str:
    """AWS's own word for what is wrong, such as `NoSuchBucket`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """AWS's own sentence on what is wrong; it may be empty."""
    return str(error.response.get("Error", {}).get("Message", ""))
