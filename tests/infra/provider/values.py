"""Terraform's values on the wire, and the ones that a provider makes up."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgpack
from tf.gen import tfplugin_pb2 as pb

UNKNOWN = msgpack.ExtType(0, b"\x00")
"""A value that only applying will tell."""


def decode(value: pb.DynamicValue) -> Any:
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, strict_map_key=False, ext_hook=lambda *_: UNKNOWN)
    return json.loads(value.json or b"null")


def encode(value: Any) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def empty(block: dict[str, Any]) -> dict[str, Any]:
    """A value of this shape with nothing in it."""
    nothing: dict[str, Any] = {"list": [], "set": [], "map": {}}
    blocks = {name: nothing.get(kind["nesting_mode"]) for name, kind in block["block_types"].items()}
    return dict.fromkeys(block["attributes"]) | blocks


def leave_open(value: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """What AWS would choose becomes unknown, where the configuration says nothing."""
    for name, kind in block["attributes"].items():
        if value.get(name) is None and kind.get("computed"):
            value[name] = UNKNOWN
    for item, inner in _nested(value, block):
        leave_open(item, inner)
    return value


def make_up(value: dict[str, Any], block: dict[str, Any], *, of: str) -> dict[str, Any]:
    """Fill in what is still unknown: the same input gives the same values."""
    tail = hashlib.sha256(repr(sorted(value.items(), key=str)).encode()).hexdigest()[:12]
    for name, kind in block["attributes"].items():
        if value.get(name) == UNKNOWN:
            value[name] = _made_up(name, kind["type"], of, tail)
    for item, inner in _nested(value, block):
        make_up(item, inner, of=of)
    return value


def _made_up(name: str, kind: Any, of: str, tail: str) -> Any:
    if kind == "string":
        return f"arn:aws:fake:us-east-1:123456789012:{of}/{tail}" if name.endswith("arn") else f"{of}-{tail}"
    if isinstance(kind, list):
        return {"list": [], "set": [], "map": {}}.get(kind[0])
    return {"number": 0, "bool": False}.get(kind)


def _nested(value: dict[str, Any], block: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    for name, kind in block["block_types"].items():
        inside = value.get(name)
        if kind["nesting_mode"] in ("list", "set") and isinstance(inside, list):
            found += [(item, kind["block"]) for item in inside if isinstance(item, dict)]
    return found
