"""A real Prometheus with the rules of deploy/, that looks at a server every second."""

import json
import pathlib
import re
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request

import yaml

import pack

sys.path.insert(0, str(pack.SOURCE / "tests" / "e2e"))
from world import Process, free_port, until  # noqa: E402


class Prometheus:
    def __init__(self, folder, targets, every="1s", holds=None):
        """`holds` stands for every alert's `for`; all else of the rules is as it is deployed."""
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name in pack.RULE_FILES:
            text = (pack.PROMETHEUS / name).read_text()
            if holds:
                text = re.sub(r"^( +for:) .*$", rf"\1 {holds}", text, flags=re.M)
            (self.folder / name).write_text(text)
        config = yaml.safe_load((pack.PROMETHEUS / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": every, "evaluation_interval": every, "scrape_timeout": every}
        config["scrape_configs"][0]["static_configs"] = [{"targets": list(targets)}]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self.process = Process(
            ["prometheus", f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}",
             f"--web.listen-address={address}", "--log.level=warn"], None, self.folder / "prometheus.log")
        until(self.is_ready, 30, "Prometheus is ready")

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def values(self, expr):
        """What an expression comes to now: (labels, number). What is not a number is none."""
        data = self.ask("query", query=expr)
        rows = [({}, data["result"][1])] if data["resultType"] == "scalar" else [(each["metric"], each["value"][1]) for each in data["result"]]
        return [(labels, float(value)) for labels, value in rows if value != "NaN"]

    def has_series(self, selector):
        return bool(self.ask("series", **{"match[]": selector}))

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def firing(self):
        """The labels of every alert that fires."""
        return [each["labels"] for each in self.ask("alerts")["alerts"] if each["state"] == "firing"]

    def stop(self):
        self.process.stop()
