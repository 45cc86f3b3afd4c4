#!/usr/bin/python
"""Ansible module: asks a Prometheus-compatible server, once or until the answer is as it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: promql
short_description: Query a Prometheus-compatible server, or wait until an expression holds
description:
  - Evaluates a PromQL expression with C(/api/v1/query). An expression I(holds) when it returns at least one
    series (comparisons in PromQL drop series that do not satisfy them) or a non-zero scalar.
  - Works against any server with Prometheus' HTTP API. Needs Python only, on the host that it runs on.
options:
  url:
    description: Address of the server, for example C(http://127.0.0.1:9430).
    type: str
    required: true
  query:
    description:
      - The expression. C($started) stands for the server's time in seconds when the module began, so that
        C(timestamp(up) > $started) asks for something newer than now.
    type: str
    required: true
  expect:
    description: C(holds) or C(empty) make the module fail when the answer is not so; C(any) only asks.
    type: str
    choices: [any, holds, empty]
    default: any
  timeout_seconds:
    description: How long to go on asking until the answer is as expected; 0 asks once.
    type: float
    default: 0
  poll_seconds:
    description: The pause between two questions.
    type: float
    default: 0.25
  message:
    description: What to say, in front of the details, when the answer is not as expected.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Wait until the host reports
  promql:
    url: http://127.0.0.1:9430
    query: up{instance="web-1"} == 1
    expect: holds
    timeout_seconds: 30
"""

RETURN = r"""
result:
  description: The series of the last answer, as the server's API gives them.
  type: list
  returned: always
waited_seconds:
  description: How long it took until the answer was as expected.
  type: float
  returned: always
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

from ansible.module_utils.basic import AnsibleModule

REQUEST_LIMIT_SECONDS = 10


class QueryRefused(Exception):
    """The server answered and said no: asking again would not help."""


def query(url, expression):
    """The series of an instant query, a scalar being one series without labels.

    Raises QueryRefused when the server rejects the expression, OSError or ValueError when it cannot be asked.
    """
    address = "{}/api/v1/query?{}".format(url.rstrip("/"), urllib.parse.urlencode({"query": expression}))
    try:
        with urllib.request.urlopen(address, timeout=REQUEST_LIMIT_SECONDS) as answer:
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        if error.code in (400, 422):
            raise QueryRefused(error.read().decode("utf-8", "replace")) from None
        raise
    if data["resultType"] in ("scalar", "string"):
        return [{"metric": {}, "value": data["result"]}]
    return data["result"]


def holds(result):
    if len(result) == 1 and not result[0]["metric"] and "value" in result[0]:
        return float(result[0]["value"][1]) != 0
    return bool(result)


def is_as_expected(result, expect):
    return expect == "any" or holds(result) == (expect == "holds")


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "query": {"type": "str", "required": True},
            "expect": {"type": "str", "choices": ["any", "holds", "empty"], "default": "any"},
            "timeout_seconds": {"type": "float", "default": 0},
            "poll_seconds": {"type": "float", "default": 0.25},
            "message": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    url, expression, expect = (module.params[name] for name in ("url", "query", "expect"))
    started = time.monotonic()
    result, trouble, server_started = [], None, None
    while True:
        try:
            if "$started" in expression and server_started is None:
                server_started = query(url, "time()")[0]["value"][1]
            result = query(url, expression.replace("$started", str(server_started)))
            trouble = None
        except QueryRefused as error:
            module.fail_json(msg=f"{url} refused the expression {expression}: {error}", result=[])
        except (OSError, ValueError) as error:
            trouble = f"{url} does not answer: {error}"
        waited = round(time.monotonic() - started, 3)
        if trouble is None and is_as_expected(result, expect):
            module.exit_json(changed=False, result=result, waited_seconds=waited)
        if waited >= module.params["timeout_seconds"]:
            break
        time.sleep(module.params["poll_seconds"])
    details = trouble or "{} {} after {:.1f} s; the answer was {}".format(
        expression,
        "does not hold" if expect == "holds" else "is not empty",
        waited,
        json.dumps(result),
    )
    module.fail_json(
        msg=" ".join(filter(None, [module.params["message"], details])), result=result, waited_seconds=waited
    )


if __name__ == "__main__":
    main()
