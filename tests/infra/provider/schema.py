"""Which resources the fake knows, as `terraform providers schema -json` describes them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tf.gen import tfplugin_pb2 as pb

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
TAGS = ["map", "string"]


def block(
    *,
    required: str = "",
    optional: str = "",
    computed: str = "",
    tagged: bool = False,
    blocks: dict[str, Any] | None = None,
    **typed: Any,
) -> dict[str, Any]:
    """A block with attributes by name, strings unless `typed` says otherwise, and with blocks inside.

    A name may be both optional and computed. What is `tagged` has an ARN and takes tags.
    """
    if tagged:
        optional, computed = f"{optional} tags tags_all", f"{computed} id arn tags_all"
        typed = {"tags": TAGS, "tags_all": TAGS, **typed}
    found: dict[str, Any] = {}
    for role, names in (("required", required), ("optional", optional), ("computed", computed)):
        for name in names.split():
            found.setdefault(name, {"type": typed.get(name, "string")})[role] = True
    return {"attributes": found, "block_types": blocks or {}}


DEFAULT_TAGS = {"nesting_mode": "list", "max_items": 1, "block": block(optional="tags", tags=TAGS)}
TIMEOUTS = {"nesting_mode": "single", "block": block(optional="create update delete")}
OWN = {
    "provider": block(optional="region", blocks={"default_tags": DEFAULT_TAGS}),
    "resources": {
        "aws_instance": block(
            optional="ami instance_type subnet_id user_data",
            computed="ami instance_type subnet_id instance_state availability_zone",
            tagged=True,
        ),
        "aws_ec2_instance_state": block(
            required="instance_id state",
            optional="force",
            computed="id",
            force="bool",
            blocks={"timeouts": TIMEOUTS},
        ),
        "aws_ebs_volume": block(required="availability_zone size", size="number", tagged=True),
        "aws_s3_bucket": block(
            optional="bucket force_destroy", computed="bucket", force_destroy="bool", tagged=True
        ),
    },
    "data_sources": {"aws_caller_identity": block(computed="id account_id arn")},
}


def load() -> dict[str, Any]:
    """The schema in the file that `FAKE_AWS_SCHEMA` names, as Terraform prints it, or the fake's own."""
    path = os.environ.get("FAKE_AWS_SCHEMA")
    if not path:
        return OWN
    whole = json.loads(Path(path).read_text())["provider_schemas"]["registry.terraform.io/hashicorp/aws"]
    return {
        "provider": _block(whole["provider"]),
        "resources": {name: _block(item) for name, item in whole["resource_schemas"].items()},
        "data_sources": {name: _block(item) for name, item in whole["data_source_schemas"].items()},
    }


def _block(item: dict[str, Any]) -> dict[str, Any]:
    return _plain(item["block"])


def _plain(block: dict[str, Any]) -> dict[str, Any]:
    nested = {
        name: {**kind, "block": _plain(kind["block"])} for name, kind in block.get("block_types", {}).items()
    }
    # Objects in the newer notation are only remembered, so their shape need not be known. Some schemas forget
    # that an ID is AWS's to choose.
    flat = {
        name: {
            **kind,
            "type": kind.get("type", "dynamic"),
            "computed": name == "id" or kind.get("computed"),
        }
        for name, kind in block.get("attributes", {}).items()
    }
    return {"attributes": flat, "block_types": nested}


def message(block: dict[str, Any]) -> pb.Schema:
    """A block as the plugin protocol says it."""
    return pb.Schema(version=0, block=_message(block))


def _message(block: dict[str, Any]) -> pb.Schema.Block:
    return pb.Schema.Block(
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=json.dumps(kind["type"]).encode(),
                required=kind.get("required", False),
                optional=kind.get("optional", False),
                computed=bool(kind.get("computed")),
            )
            for name, kind in block["attributes"].items()
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                nesting=NESTING[kind["nesting_mode"]],
                block=_message(kind["block"]),
                min_items=kind.get("min_items", 0),
                max_items=kind.get("max_items", 0),
            )
            for name, kind in block["block_types"].items()
        ],
    )
