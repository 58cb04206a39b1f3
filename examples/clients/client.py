"""A client of the toy in Python: one JSON object per line in, one out. See docs/writing-a-system.md."""
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
    if message["f"] == "write":
        call("PUT", message["key"], {"value": message["value"]})
        return {"type": "ok", "value": message["value"]}
    return {"type": "ok", "value": call("GET", message["key"])["value"]}


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
        except urllib.error.URLError as error:
            # Nobody listened, so nothing happened; any other ending is not known.
            refused = isinstance(error.reason, ConnectionRefusedError)
            answer = {"type": "fail" if refused else "info", "error": str(error)}
        except (OSError, ValueError) as error:
            answer = {"type": "info", "error": str(error)}
    print(json.dumps(answer), flush=True)
