#!/usr/bin/env python3
"""A script for the agent: the sample service's own figures, as it tells them itself."""

import os
import urllib.request

ADDRESS = os.environ.get("DEMO_SERVICE_METRICS", "http://127.0.0.1:8080/metrics")

with urllib.request.urlopen(ADDRESS, timeout=4) as answer:
    print(answer.read().decode(), end="")
