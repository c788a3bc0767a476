"""The resources that are carried through to moto, by boto3.

Each gives the values that AWS chose; `GoneError` says that there is no such thing any more.
"""

from __future__ import annotations

import functools
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError
from values import UNKNOWN

Value = dict[str, Any]


class GoneError(Exception):
    """The thing was removed behind Terraform's back."""


class Resource(Protocol):
    """One kind of thing; `replaced_by` are the arguments that AWS cannot change in place."""

    replaced_by: tuple[str, ...]

    def create(self, wanted: Value) -> Value: ...
    def read(self, id_: str) -> Value: ...
    def update(self, id_: str, wanted: Value) -> Value: ...
    def delete(self, prior: Value) -> None: ...


@functools.cache
def client(service: str) -> Any:
    return boto3.client(service)


def tag_list(tags: Value | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def tags_of(found: Value) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def tag(id_: str, wanted: Value) -> None:
    if wanted.get("tags_all"):
        client("ec2").create_tags(Resources=[id_], Tags=tag_list(wanted["tags_all"]))


def known(wanted: Value, name: str) -> Any:
    value = wanted.get(name)
    return None if value == UNKNOWN else value


class Instance:
    replaced_by = ("ami", "subnet_id", "availability_zone")

    def create(self, wanted: Value) -> Value:
        made = client("ec2").run_instances(
            # The machine images and networks of the stack are only remembered, so moto's own stand in.
            ImageId="ami-03cf127a",
            InstanceType=known(wanted, "instance_type") or "t3.micro",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tag_list(known(wanted, "tags_all"))}],
        )
        id_ = made["Instances"][0]["InstanceId"]
        client("ec2").get_waiter("instance_running").wait(InstanceIds=[id_])
        return self.read(id_) | {name: wanted[name] for name in ("ami", "subnet_id") if known(wanted, name)}

    def read(self, id_: str) -> Value:
        try:
            found = client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
        except ClientError as error:
            if error.response["Error"]["Code"].startswith("InvalidInstanceID"):
                raise GoneError from error
            raise
        if found["State"]["Name"] in ("terminated", "shutting-down"):
            raise GoneError
        return {
            "id": id_,
            "arn": f"arn:aws:ec2:us-east-1:123456789012:instance/{id_}",
            "instance_type": found["InstanceType"],
            "instance_state": found["State"]["Name"],
            "availability_zone": found["Placement"]["AvailabilityZone"],
            "tags_all": tags_of(found),
        }

    def update(self, id_: str, wanted: Value) -> Value:
        wanted_type, ec2 = known(wanted, "instance_type"), client("ec2")
        if wanted_type and wanted_type != self.read(id_)["instance_type"]:
            # As the real one: it ends in a start, whatever was before.
            ec2.stop_instances(InstanceIds=[id_])
            ec2.get_waiter("instance_stopped").wait(InstanceIds=[id_])
            ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": wanted_type})
            ec2.start_instances(InstanceIds=[id_])
            ec2.get_waiter("instance_running").wait(InstanceIds=[id_])
        tag(id_, wanted)
        return self.read(id_)

    def delete(self, prior: Value) -> None:
        client("ec2").terminate_instances(InstanceIds=[prior["id"]])


class InstanceState:
    """Removing it only forgets it, as the real one does: the instance stays as it is."""

    replaced_by = ("instance_id",)

    def create(self, wanted: Value) -> Value:
        return self.update(wanted["instance_id"], wanted)

    def read(self, id_: str) -> Value:
        return {"id": id_, "instance_id": id_, "state": Instance().read(id_)["instance_state"]}

    def update(self, id_: str, wanted: Value) -> Value:
        state, ec2 = wanted["state"], client("ec2")
        flip = ec2.start_instances if state == "running" else ec2.stop_instances
        flip(InstanceIds=[id_])
        ec2.get_waiter(f"instance_{state}").wait(InstanceIds=[id_])
        return self.read(id_)

    def delete(self, prior: Value) -> None:
        pass


class Volume:
    replaced_by = ()

    def create(self, wanted: Value) -> Value:
        made = client("ec2").create_volume(
            AvailabilityZone=wanted["availability_zone"],
            Size=wanted["size"],
            TagSpecifications=[{"ResourceType": "volume", "Tags": tag_list(known(wanted, "tags_all"))}],
        )
        return self.read(made["VolumeId"])

    def read(self, id_: str) -> Value:
        try:
            found = client("ec2").describe_volumes(VolumeIds=[id_])["Volumes"][0]
        except ClientError as error:
            raise GoneError from error
        return {"id": id_, "size": found["Size"], "tags_all": tags_of(found)}

    def update(self, id_: str, wanted: Value) -> Value:
        tag(id_, wanted)
        return self.read(id_)

    def delete(self, prior: Value) -> None:
        client("ec2").delete_volume(VolumeId=prior["id"])


class Bucket:
    replaced_by = ("bucket",)

    def create(self, wanted: Value) -> Value:
        client("s3").create_bucket(Bucket=wanted["bucket"])
        return self.update(wanted["bucket"], wanted)

    def read(self, id_: str) -> Value:
        try:
            client("s3").head_bucket(Bucket=id_)
        except ClientError as error:
            raise GoneError from error
        return {"id": id_, "bucket": id_, "arn": f"arn:aws:s3:::{id_}"}

    def update(self, id_: str, wanted: Value) -> Value:
        if wanted.get("tags_all"):
            client("s3").put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tag_list(wanted["tags_all"])})
        return self.read(id_)

    def delete(self, prior: Value) -> None:
        client("s3").delete_bucket(Bucket=prior["id"])


RESOURCES: dict[str, Resource] = {
    "aws_instance": Instance(),
    "aws_ec2_instance_state": InstanceState(),
    "aws_ebs_volume": Volume(),
    "aws_s3_bucket": Bucket(),
}


def look_up(kind: str) -> Value:
    """What a data source answers, where moto knows it."""
    if kind == "aws_caller_identity":
        me = client("sts").get_caller_identity()
        return {"account_id": me["Account"], "arn": me["Arn"], "id": me["Account"]}
    if kind == "aws_ec2_instance_type_offerings":
        zones = client("ec2").describe_availability_zones()["AvailabilityZones"]
        return {"locations": [zone["ZoneName"] for zone in zones]}
    return {}
