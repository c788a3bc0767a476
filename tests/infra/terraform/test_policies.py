"""What the roles may do, tried against an IAM that enforces: moto, with the documents that Terraform makes.

moto knows no conditions, and resources of S3 alone: what is tied to a tag, a session or a token is tried on
the small IAM of `tests/iam.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from clouds import enforcing, user_with
from iam import SHELL, allowed, may_start_session
from infra.terraform.conftest import Terraform, policies

BUCKETS = {"data": "the-data", "artifacts": "the-artifacts", "state": "the-state"}
OBJECTS = [
    ("data", "node/current"),
    ("data", "node/images/wms-mlflow/1.tar.gz"),
    ("data", "lease/book.json"),
    ("data", "backup/mlflow.dump"),
    ("data", "dvc/files/md5/ab"),
    ("data", "deploy/wanted.json"),
    ("data", "deploy/models/ab/model.onnx"),
    ("data", "deploy/node.json"),
    ("artifacts", "1/run/model"),
    ("artifacts", "probe/one"),
    ("state", "stack/terraform.tfstate"),
    ("state", "power/terraform.tfstate"),
]
REGION = "us-east-1"

Act = Callable[[Callable[[str], Any]], object]


def get(bucket: str, key: str) -> Act:
    return lambda client: client("s3").get_object(Bucket=BUCKETS[bucket], Key=key)


def put(bucket: str, key: str) -> Act:
    return lambda client: client("s3").put_object(Bucket=BUCKETS[bucket], Key=key, Body=b"new")


def delete(bucket: str, key: str) -> Act:
    return lambda client: client("s3").delete_object(Bucket=BUCKETS[bucket], Key=key)


def listing(bucket: str) -> Act:
    return lambda client: client("s3").list_objects_v2(Bucket=BUCKETS[bucket])


def call(service: str, action: str, **arguments: Any) -> Act:
    return lambda client: getattr(client(service), action)(**arguments)


MAY: dict[str, dict[str, Act]] = {
    "node": {
        "read its release": get("data", "node/current"),
        "write that it stops": put("data", "lease/book.json"),
        "store a dump": put("data", "backup/mlflow.dump"),
        "read a dump back": get("data", "backup/mlflow.dump"),
        "store an artifact": put("artifacts", "1/run/model"),
        "delete an artifact": delete("artifacts", "1/run/model"),
        "see that a key is missing": listing("data"),
        "read which model is wanted": get("data", "deploy/wanted.json"),
        "read that model": get("data", "deploy/models/ab/model.onnx"),
        "say what it serves": put("data", "deploy/node.json"),
    },
    "pipeline": {
        "push the dataset": put("data", "dvc/files/md5/ab"),
        "pull the dataset": get("data", "dvc/files/md5/ab"),
        "take a lease": put("data", "lease/book.json"),
        "probe the artifacts": put("artifacts", "probe/one"),
        "flip the switch": put("state", "power/terraform.tfstate"),
        "free the switch": delete("state", "power/terraform.tfstate.tflock"),
        "read what the stack made": get("state", "stack/terraform.tfstate"),
        "look at instances": call("ec2", "describe_instances"),
        "ask the node for a model": put("data", "deploy/wanted.json"),
        "see which model is wanted": get("data", "deploy/wanted.json"),
        "store that model": put("data", "deploy/models/ab/model.onnx"),
        "read what the node serves": get("data", "deploy/node.json"),
    },
    "images": {
        "see that an image is missing": listing("data"),
        "see that an image is there": get("data", "node/images/wms-mlflow/1.tar.gz"),
        "store an image": put("data", "node/images/wms-mlflow/2.tar.gz"),
    },
}
MAY_NOT: dict[str, dict[str, Act]] = {
    "node": {
        "change what it runs": put("data", "node/current"),
        "delete a dump": delete("data", "backup/mlflow.dump"),
        "ask itself for a model": put("data", "deploy/wanted.json"),
        "change a model": put("data", "deploy/models/ab/model.onnx"),
        "read the dataset": get("data", "dvc/files/md5/ab"),
        "read Terraform's state": get("state", "stack/terraform.tfstate"),
        "look at instances": call("ec2", "describe_instances"),
        "make users": call("iam", "create_user", UserName="other"),
    },
    "pipeline": {
        "change what the node runs": put("data", "node/current"),
        "change an image": put("data", "node/images/wms-mlflow/1.tar.gz"),
        "answer for the node": put("data", "deploy/node.json"),
        "read a dump": get("data", "backup/mlflow.dump"),
        "delete a dump": delete("data", "backup/mlflow.dump"),
        "read an artifact behind MLflow": get("artifacts", "1/run/model"),
        "change what the stack made": put("state", "stack/terraform.tfstate"),
        "make instances": call("ec2", "run_instances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1),
        "make roles": call("iam", "create_role", RoleName="other", AssumeRolePolicyDocument="{}"),
        "make keys": call("iam", "create_access_key", UserName="node"),
        "run commands on the node": call("ssm", "send_command", DocumentName="AWS-RunShellScript"),
    },
    "images": {
        "change the node's release": put("data", "node/current"),
        "delete an image": delete("data", "node/images/wms-mlflow/1.tar.gz"),
        "take a lease": put("data", "lease/book.json"),
        "ask the node for a model": put("data", "deploy/wanted.json"),
        "read the dataset": get("data", "dvc/files/md5/ab"),
        "read a dump": get("data", "backup/mlflow.dump"),
        "read an artifact": get("artifacts", "1/run/model"),
        "flip the switch": put("state", "power/terraform.tfstate"),
        "look at instances": call("ec2", "describe_instances"),
    },
}


@pytest.fixture(scope="module")
def documents(pure_terraform: Terraform) -> dict[str, Any]:
    return policies(pure_terraform, name="wms-test", buckets=BUCKETS)


def session(endpoint: str, key: str, secret: str) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 1}),
        )

    return client


@pytest.fixture(scope="module")
def roles(documents: dict[str, Any], moto: str) -> Iterator[dict[str, Callable[[str], Any]]]:
    """Clients by role, in an account that has everything and enforces."""
    admin = session(moto, "test", "test")
    for bucket in BUCKETS.values():
        admin("s3").create_bucket(Bucket=bucket)
    for bucket, key in OBJECTS:
        put(bucket, key)(admin)
    found = {role: session(moto, *user_with(documents[role], admin("iam"))) for role in MAY}
    with enforcing(moto):
        yield found


def cases(table: dict[str, dict[str, Act]]) -> list[Any]:
    return [
        pytest.param(role, act, id=f"{role}: {what}") for role in table for what, act in table[role].items()
    ]


@pytest.mark.parametrize(("role", "act"), cases(MAY))
def test_a_role_may(roles: dict[str, Callable[[str], Any]], role: str, act: Act) -> None:
    act(roles[role])


@pytest.mark.parametrize(("role", "act"), cases(MAY_NOT))
def test_a_role_may_not(roles: dict[str, Callable[[str], Any]], role: str, act: Act) -> None:
    with pytest.raises(ClientError) as refused:
        act(roles[role])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.FORBIDDEN


def trusts(document: str, subject: str) -> bool:
    """Whether a trust policy takes a token for AWS of this subject."""
    token = "token.actions.githubusercontent.com"
    context = {f"{token}:aud": "sts.amazonaws.com", f"{token}:sub": subject}
    return allowed(document, "sts:AssumeRoleWithWebIdentity", context=context)


OWN, MAIN = ("octocat/meters", "octocat@12/meters@34"), "ref:refs/heads/main"


@pytest.mark.parametrize(
    ("repository", "context"),
    [
        *((of, MAIN) for of in OWN),
        *(
            (of, context)
            for of in OWN
            for context in (
                "ref:refs/heads/data/photos-1a2b3c4d",
                "ref:refs/heads/main/data",
                "ref:refs/tags/main",
                "pull_request",
                "environment:dev",
                "environment:main",
                "environment:x:ref:refs/heads/main",
            )
        ),
        ("mallory/meters", MAIN),
        ("octocat/other", MAIN),
        ("mallory@12/meters@34", MAIN),
        ("octocat@12/other@34", MAIN),
        ("octocat-2@12/meters@34", MAIN),
    ],
)
def test_only_a_run_on_main_of_this_repository_gets_the_workflows_roles(
    documents: dict[str, Any], repository: str, context: str
) -> None:
    expected = repository in OWN and context == MAIN
    assert trusts(documents["github_trust"], f"repo:{repository}:{context}") == expected


ACCOUNT = "123456789012"
NODE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"
OURS = {"aws:ResourceTag/Project": "wms-test", "aws:userid": "AROA1:GitHubActions"}


def session_document(name: str) -> str:
    """The ARN of a Session document: AWS's own lie in no account."""
    return f"arn:aws:ssm:{REGION}:{'' if name.startswith('AWS-') else ACCOUNT}:document/{name}"


def opens(document: str, name: str | None, *, context: dict[str, str] = OURS) -> bool:
    named = session_document(name or SHELL)
    return may_start_session(document, instance=NODE, context=context, name=name, named=named)


def test_the_pipeline_reaches_mlflow_and_nothing_else_of_the_node(documents: dict[str, Any]) -> None:
    pipeline = documents["pipeline"]
    assert opens(pipeline, "wms-test-mlflow")
    for name in (
        None,
        SHELL,
        "AWS-StartPortForwardingSession",
        "AWS-StartPortForwardingSessionToRemoteHost",
        "AWS-StartSSHSession",
        "AWS-StartInteractiveCommand",
        "wms-other-mlflow",
    ):
        assert not opens(pipeline, name), name
    assert not opens(pipeline, "wms-test-mlflow", context={**OURS, "aws:ResourceTag/Project": "other"})
    for action in ("SendCommand", "CreateDocument", "UpdateDocument", "UpdateDocumentDefaultVersion"):
        for resource in (NODE, session_document("wms-test-mlflow"), session_document("AWS-RunShellScript")):
            assert not allowed(pipeline, f"ssm:{action}", resource, OURS), action


def test_without_the_check_of_documents_the_same_role_would_open_a_shell(documents: dict[str, Any]) -> None:
    """What the condition is for, and that the test above can fail."""
    unchecked = json.loads(documents["pipeline"])
    for statement in unchecked["Statement"]:
        statement.get("Condition", {}).pop("BoolIfExists", None)
    assert opens(json.dumps(unchecked), None)


def test_sessions_of_others_are_neither_opened_nor_ended(documents: dict[str, Any]) -> None:
    pipeline, sessions = documents["pipeline"], f"arn:aws:ssm:{REGION}:{ACCOUNT}:session"
    assert allowed(pipeline, "ssmmessages:OpenDataChannel", f"{sessions}/GitHubActions-0abc", OURS)
    assert not allowed(pipeline, "ssmmessages:OpenDataChannel", f"{sessions}/ann-0abc", OURS)
    for action in ("ssm:TerminateSession", "ssm:ResumeSession"):
        for owner, expected in (("AROA1:GitHubActions", True), ("AIDA2", False)):
            tagged = {**OURS, "ssm:resourceTag/aws:ssmmessages:session-id": owner}
            assert allowed(pipeline, action, f"{sessions}/any-0abc", tagged) == expected


@pytest.mark.parametrize("role", ["node", "images"])
def test_no_other_role_opens_sessions(documents: dict[str, Any], role: str) -> None:
    assert not any(opens(documents[role], name) for name in (None, SHELL, "wms-test-mlflow"))
