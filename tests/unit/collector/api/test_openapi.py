"""The description of the interface, and that it is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from starlette.routing import Route

from monitor_collector.api import application
from monitor_collector.api.openapi import description
from monitor_collector.ingest import PATH, REMOTE_WRITE_PATH
from tests.unit.collector.conftest import Bench

_METHODS = ("get", "head", "post", "put", "delete")


def described() -> set[tuple[str, str]]:
    return {
        (path, method.upper()) for path, item in description()["paths"].items() for method in item if method in _METHODS
    }


def test_every_route_is_described_and_nothing_else(bench: Bench) -> None:
    async def work() -> set[tuple[str, str]]:
        routes = application(bench.collector).routes
        assert all(isinstance(route, Route) for route in routes)
        return {(route.path, method) for route in routes for method in route.methods}

    served = bench.run(work) | {(PATH, "POST"), (REMOTE_WRITE_PATH, "POST")}
    # Starlette answers HEAD wherever it answers GET, which is worth a word only for health checks.
    heads = {(path, "HEAD") for path, _ in served if not path.startswith("/-/")}
    assert described() == served - heads


def references(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        if isinstance(content.get("$ref"), str):
            yield content["$ref"]
        for value in content.values():
            yield from references(value)
    elif isinstance(content, list):
        for value in content:
            yield from references(value)


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    content = description()
    used = set(references(content))
    defined = {
        f"#/components/{kind}/{name}"
        for kind, items in content["components"].items()
        if kind != "securitySchemes"
        for name in items
    }
    assert used == defined


def test_operations_have_names_of_their_own_and_parameters_for_their_paths() -> None:
    names = []
    for path, item in description()["paths"].items():
        for operation in item.values():
            names.append(operation["operationId"])
            in_path = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "path"}
            assert in_path == set(re.findall(r"\{(\w+)\}", path))
            assert operation["tags"][0] in {tag["name"] for tag in description()["tags"]}
    assert len(set(names)) == len(names)


def test_every_schema_is_one() -> None:
    for schema in description()["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})


def test_it_is_served(bench: Bench) -> None:
    async def work() -> None:
        answer = await bench.client.get("/api/v1/openapi.json")
        assert answer.json() == description()
        assert answer.json()["openapi"] == "3.1.0"
        assert answer.json()["info"]["version"]

    bench.run(work)
