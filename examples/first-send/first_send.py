#!/usr/bin/env python3
"""Sends one message, waits until it is delivered and prints its life. Needs nothing but Python 3."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("TRACKLY_URL", "").rstrip("/")
API_KEY = os.environ.get("TRACKLY_API_KEY", "")
TO = os.environ.get("TRACKLY_TO", "+13125550142")
LIST = os.environ.get("TRACKLY_LIST", "+18005551000")
TIMEOUT_SECONDS = 30
FINAL = {"delivered", "undelivered", "failed", "dropped", "cancelled", "orphaned", "unknown"}


def call(method, path, body=None, headers=None):
    """The JSON of the answer; an error answer raises urllib.error.HTTPError."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("X-Api-Key", API_KEY)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode("utf-8")
    with urllib.request.urlopen(request, data=data, timeout=10) as response:
        return json.load(response)


def send(text):
    # The key makes a repeat after a lost answer harmless: it sends nothing twice.
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"to": TO, "list_number": LIST, "body": text}
    return call("POST", "/api/v2/send", body, headers)["message_id"]


def wait_until_final(message_id):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        message = call("GET", "/api/v2/messages/" + message_id)
        if message["state"] in FINAL or time.monotonic() > deadline:
            return message
        time.sleep(0.5)


def main():
    if not URL or not API_KEY:
        print("Set TRACKLY_URL, such as http://127.0.0.1:8080, and TRACKLY_API_KEY", file=sys.stderr)
        return 1
    message_id = send("Hello from Python!")
    print("Accepted:", message_id)
    message = wait_until_final(message_id)
    for event in message["events"]:
        print(event["at"], event["state"], event["detail"] or "")
    if message["state"] == "delivered":
        return 0
    print("The message is", message["state"], message["status_detail"], file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode("utf-8", "replace"), file=sys.stderr)
        sys.exit(1)
    except urllib.error.URLError as error:
        print("The server cannot be reached:", error.reason, file=sys.stderr)
        sys.exit(1)
