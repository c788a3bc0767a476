"""Which resources the fake knows, as `terraform providers schema -json` describes them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tf.gen import tfplugin_pb2 as pb

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
NO_BLOCK: dict[str, Any] = {"attributes": {}, "block_types": {}}
TAGS = ["map", "string"]


def attributes(*, required: str = "", optional: str = "", computed: str = "", **typed: Any) -> dict[str, Any]:
    """Attributes by name, strings unless `typed` says otherwise; both optional and computed where in both."""
    found: dict[str, Any] = {}
    for role, names in (("required", required), ("optional", optional), ("computed", computed)):
        for name in names.split():
            found.setdefault(name, {"type": typed.get(name, "string")})[role] = True
    return found


OWN = {
    "provider": {
        "attributes": attributes(optional="region"),
        "block_types": {
            "default_tags": {
                "nesting_mode": "list",
                "max_items": 1,
                "block": {"attributes": attributes(optional="tags", tags=TAGS), "block_types": {}},
            }
        },
    },
    "resources": {
        "aws_instance": {
            "attributes": attributes(
                optional="ami instance_type subnet_id user_data tags tags_all",
                computed="id arn ami instance_type subnet_id instance_state availability_zone tags_all",
                tags=TAGS,
                tags_all=TAGS,
            ),
            "block_types": {},
        },
        "aws_ec2_instance_state": {
            "attributes": attributes(
                required="instance_id state", optional="force", computed="id", force="bool"
            ),
            "block_types": {
                "timeouts": {
                    "nesting_mode": "single",
                    "block": {"attributes": attributes(optional="create update delete"), "block_types": {}},
                }
            },
        },
        "aws_ebs_volume": {
            "attributes": attributes(
                required="availability_zone size",
                optional="tags tags_all",
                computed="id arn tags_all",
                size="number",
                tags=TAGS,
                tags_all=TAGS,
            ),
            "block_types": {},
        },
        "aws_s3_bucket": {
            "attributes": attributes(
                optional="bucket force_destroy tags tags_all",
                computed="id arn bucket tags_all",
                force_destroy="bool",
                tags=TAGS,
                tags_all=TAGS,
            ),
            "block_types": {},
        },
    },
    "data_sources": {
        "aws_caller_identity": {"attributes": attributes(computed="id account_id arn"), "block_types": {}},
    },
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
    def plain(block: dict[str, Any]) -> dict[str, Any]:
        nested = {
            name: {**kind, "block": plain(kind["block"])}
            for name, kind in block.get("block_types", {}).items()
        }
        # Objects in the newer notation are only remembered, so their shape need not be known.
        flat = {
            # Some schemas forget that an ID is AWS's to choose.
            name: {
                **kind,
                "type": kind.get("type", "dynamic"),
                "computed": name == "id" or kind.get("computed"),
            }
            for name, kind in block.get("attributes", {}).items()
        }
        return {"attributes": flat, "block_types": nested}

    return plain(item["block"])


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
