"""A stand-in for an OpenTelemetry Collector: takes what a server sends, and knows what failed in it."""

import http.server
import json
import threading
import time


def values_of(attributes):
    """Attributes by their key, as Python has them."""
    found = {}
    for each in attributes:
        kind, value = next(iter(each["value"].items()))
        found[each["key"]] = int(value) if kind == "intValue" else value
    return found


class Collector:
    def __init__(self):
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                collector.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.spans = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request):
        for resource in request["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                self.spans += scope["spans"]

    def wait_for_calls(self, count, seconds):
        """Until so many are over, if they ever are."""
        deadline = time.monotonic() + seconds
        while sum(span["name"] == "CALL" for span in list(self.spans)) < count and time.monotonic() < deadline:
            time.sleep(0.1)

    def culprits(self, of_failed=False):
        """(slot, provider) → the kinds of failure that events tell of it; `of_failed`: of spans with the status error."""
        found = {}
        for span in list(self.spans):
            if of_failed and span.get("status", {}).get("code") != 2:
                continue
            for event in span.get("events", ()):
                if event["name"] == "PROVIDER_FAILED":
                    values = values_of(event["attributes"])
                    found.setdefault((values["slot"], values["provider"]), set()).add(values["kind"])
        return found

    def failed_tools(self):
        return {values_of(span["attributes"])["tool"] for span in list(self.spans)
                if span["name"] == "TOOL" and span.get("status", {}).get("code") == 2}

    def longest_part(self):
        """What turns waited for longest, of all that is waited for but the configured silence; None: nothing was told."""
        sums = {}
        for span in self.spans:
            if span["name"] == "TURN":
                for key, value in values_of(span.get("attributes", ())).items():
                    if key.startswith("part.") and key != "part.silence_wait_ms":
                        sums[key] = sums.get(key, 0) + value
        return max(sums, key=sums.get).removeprefix("part.").removesuffix("_ms") if sums else None

    def forget(self):
        self.spans = []

    def close(self):
        self.server.shutdown()
        self.server.server_close()
