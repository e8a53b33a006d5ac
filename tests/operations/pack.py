"""What deploy/ has for those who operate Moonline, as a test sees it: rules, dashboards, and the queries in them."""

import json
import pathlib
import re

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROMETHEUS = SOURCE / "deploy" / "prometheus"
GRAFANA = SOURCE / "deploy" / "grafana"
RULE_FILES = ("expectations.yml", "recording.yml", "alerts.yml")
NAME = r"(?:moonline[_:][a-zA-Z0-9_:]+|process_[a-z_]+|up)"
SELECTOR = re.compile(rf"(?<![\w:\"])({NAME})\b(\{{[^}}]*\}})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{.*\})? ", re.M)


def rules():
    """Every rule: those that record, and alerts."""
    for name in RULE_FILES:
        for group in yaml.safe_load((PROMETHEUS / name).read_text())["groups"]:
            yield from group["rules"]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def recorded():
    return {rule["record"] for rule in rules() if "record" in rule}


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))}


def panels():
    """(where, what is asked) of every query of every panel."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']}: {target['refId']}", target


def variables():
    """(where, what is asked) of what is chosen above dashboards."""
    for name, dashboard in dashboards().items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: ${variable['name']}", variable


def chosen(text, job="moonline"):
    """The query as Grafana sends it with everything chosen."""
    text = text.replace("$__rate_interval", "1m").replace("$job", job)
    return re.sub(r"\$(instance|provider|tenant)\b", ".*", text)


def selectors(expr):
    """(name, matchers) of each metric that an expression looks at. A matcher with alternatives stands once for each of them:
    a value that is misspelt is nobody's."""
    for name, braces in SELECTOR.findall(expr):
        choices = [[]]
        for label, operator, value in MATCHER.findall(braces):
            values = value.split("|") if operator == "=~" and "|" in value else [value]
            choices = [[*chosen_so_far, f'{label}{operator}"{each}"'] for chosen_so_far in choices for each in values]
        for matchers in choices:
            yield name, "{" + ", ".join(matchers) + "}" if matchers else ""


def metric_of(name):
    """The metric whose series it is."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def metrics_told(text):
    """The names in what /metrics says."""
    return {metric_of(name) for name in SERIES.findall(text)}
