"""The description of the HTTP interface for programs, in OpenAPI 3.1: `/api/v1/openapi.json`, made of `openapi.yml`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import orjson
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor_collector import __version__
from monitor_collector.api.answers import json_response
from monitor_collector.api.asking import exactly

PATH = "/api/v1/openapi.json"


@cache
def description() -> dict[str, Any]:
    text = resources.files("monitor_collector.api").joinpath("openapi.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    content["info"]["version"] = __version__
    return content


def route() -> Route:
    async def answer(_: Request) -> Response:
        return json_response(orjson.dumps(description()))

    return exactly(Route(PATH, answer, methods=["GET"]))
