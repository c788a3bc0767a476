"""The plugin protocol (version 6): what Terraform asks a provider, for every kind of resource alike."""

from __future__ import annotations

from functools import partialmethod
from typing import Any

import schema
from carried import RESOURCES, GoneError, look_up
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc
from values import UNKNOWN, decode, encode, leave_open, make_up

SCHEMA = schema.load()


def trouble(error: Exception) -> list[pb.Diagnostic]:
    return [pb.Diagnostic(severity=1, summary=f"{type(error).__name__}: {error}", detail="")]


class Servicer(rpc.ProviderServicer):
    """Answers Terraform's calls."""

    def __init__(self, _provider: object) -> None:
        self.default_tags: dict[str, str] = {}

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.GetProviderSchema.Response(
            provider=schema.message(SCHEMA["provider"]),
            resource_schemas={name: schema.message(block) for name, block in SCHEMA["resources"].items()},
            data_source_schemas={
                name: schema.message(block) for name, block in SCHEMA["data_sources"].items()
            },
        )

    def ConfigureProvider(self, request: Any, context: Any) -> Any:  # noqa: N802
        config = decode(request.config) or {}
        for block in config.get("default_tags") or []:
            tags = block.get("tags")
            self.default_tags = dict(tags) if isinstance(tags, dict) else {}
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.UpgradeResourceState.Response(upgraded_state=pb.DynamicValue(json=request.raw_state.json))

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        current = decode(request.current_state)
        carried = RESOURCES.get(request.type_name)
        try:
            now = current
            if carried is not None:
                block = SCHEMA["resources"][request.type_name]
                now = current | self._seen(carried.read(current["id"]), current, block)
        except GoneError:
            now = None
        except Exception as error:  # noqa: BLE001 - Terraform is to show it
            return pb.ReadResource.Response(diagnostics=trouble(error))
        return pb.ReadResource.Response(new_state=encode(now))

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        prior, wanted = decode(request.prior_state), decode(request.proposed_new_state)
        block = SCHEMA["resources"][request.type_name]
        replaced: list[str] = []
        if wanted is not None:
            if prior is None:
                wanted = leave_open(wanted, block)
            else:
                carried = RESOURCES.get(request.type_name)
                candidates = carried.replaced_by if carried else ()
                replaced = [name for name in candidates if prior.get(name) != wanted.get(name)]
            self._tag(wanted, block)
        return pb.PlanResourceChange.Response(
            planned_state=encode(wanted),
            requires_replace=[
                pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)]) for name in replaced
            ],
            legacy_type_system=True,
        )

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        prior, wanted = decode(request.prior_state), decode(request.planned_state)
        try:
            after = self._apply(request.type_name, prior, wanted)
        except Exception as error:  # noqa: BLE001 - Terraform is to show it
            return pb.ApplyResourceChange.Response(
                new_state=request.prior_state, diagnostics=trouble(error), legacy_type_system=True
            )
        return pb.ApplyResourceChange.Response(new_state=encode(after), legacy_type_system=True)

    def ReadDataSource(self, request: Any, context: Any) -> Any:  # noqa: N802
        block = SCHEMA["data_sources"][request.type_name]
        try:
            answer = leave_open(decode(request.config), block)
            answer |= {name: value for name, value in look_up(request.type_name).items() if name in answer}
        except Exception as error:  # noqa: BLE001 - Terraform is to show it
            return pb.ReadDataSource.Response(diagnostics=trouble(error))
        return pb.ReadDataSource.Response(state=encode(make_up(answer, block, of=request.type_name)))

    def _nothing(self, request: Any, context: Any, *, answer: Any) -> Any:
        return answer.Response()

    ValidateProviderConfig = partialmethod(_nothing, answer=pb.ValidateProviderConfig)
    ValidateResourceConfig = partialmethod(_nothing, answer=pb.ValidateResourceConfig)
    ValidateDataResourceConfig = partialmethod(_nothing, answer=pb.ValidateDataResourceConfig)
    GetFunctions = partialmethod(_nothing, answer=pb.GetFunctions)
    StopProvider = partialmethod(_nothing, answer=pb.StopProvider)

    def _apply(self, kind: str, prior: Any, wanted: Any) -> Any:
        carried = RESOURCES.get(kind)
        if wanted is None:
            if carried is not None:
                carried.delete(prior)
            return None
        chosen: dict[str, Any] = {}
        if carried is not None:
            chosen = carried.create(wanted) if prior is None else carried.update(prior["id"], wanted)
        block = SCHEMA["resources"][kind]
        return make_up(wanted | _fitting(chosen, wanted, block), block, of=kind)

    def _seen(self, found: dict[str, Any], current: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
        """What was found, in the schema's words; `tags` are those that are no default ones."""
        seen = _fitting(found, current, block)
        if "tags" in current and "tags_all" in found:
            rest = {key: value for key, value in found["tags_all"].items() if key not in self.default_tags}
            seen["tags"] = rest or current["tags"]
        return seen

    def _tag(self, wanted: dict[str, Any], block: dict[str, Any]) -> None:
        kind = block["attributes"].get("tags_all", {}).get("type")
        if kind == schema.TAGS and wanted.get("tags") != UNKNOWN:
            wanted["tags_all"] = {**self.default_tags, **(wanted.get("tags") or {})}


def _fitting(found: dict[str, Any], base: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """What AWS chose, where the schema lets it choose; an argument that was not given stays so."""
    kinds = block["attributes"]
    return {
        name: value
        for name, value in found.items()
        if name in kinds and (kinds[name].get("computed") or base.get(name) is not None)
    }
