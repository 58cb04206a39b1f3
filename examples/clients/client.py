"""A client of the toy in Python: one JSON object per line in, one out."""
import json
import sys
import urllib.error
import urllib.request

url = None


def call(method, key, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/{key}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=4) as answer:
        return json.load(answer)


def perform(message):
    if message["f"] == "add":
        call("PUT", message["key"], {"element": message["value"]})
        return {"type": "ok", "value": message["value"]}
    return {"type": "ok", "value": call("GET", message["key"])["elements"]}


for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "teardown":
        break
    if message["type"] == "setup":
        url = message["node"]["url"]
        answer = {"type": "ok"}
    else:
        try:
            answer = perform(message)
        except (OSError, ValueError) as error:
            # Where nobody listened nothing happened; any other ending is not known.
            refused = isinstance(getattr(error, "reason", None), ConnectionRefusedError)
            answer = {"type": "fail" if refused else "info", "error": str(error)}
    print(json.dumps(answer), flush=True)
