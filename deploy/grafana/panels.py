"""What Grafana's dashboards are made of, in few words: a panel is a title, what it tells, a unit, and its queries. `@` in a PromQL
selector stands for the job and nodes that are chosen above the dashboard."""

import json

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "${postgres}"}
CHOSEN = 'job="$job", instance=~"$instance"'
TEMPO = {"type": "tempo", "uid": "${tempo}"}
WIDTH = 24


def query(expr, legend="", instant=False):
    """One line, or with `instant` one number."""
    return {"expr": " ".join(expr.replace("@", CHOSEN).split()), "legendFormat": legend, "instant": instant, "range": not instant,
            "datasource": PROMETHEUS, "editorMode": "code"}


def sql(text):
    return {"rawSql": "\n".join(line.strip() for line in text.strip().splitlines()), "format": "table", "rawQuery": True,
            "editorMode": "code", "datasource": POSTGRES}


def steps(*levels):
    """Colours from a value on: steps("green", ("red", 0.001))."""
    return {"mode": "absolute", "steps": [{"color": levels[0], "value": None}] + [{"color": color, "value": at} for color, at in levels[1:]]}


def panel(kind, title, description, unit, queries, levels, width, height, custom=None, options=None):
    for index, each in enumerate(queries):
        each["refId"] = chr(ord("A") + index)
    return {"type": kind, "title": title, "description": description, "datasource": queries[0]["datasource"], "targets": list(queries),
            "gridPos": {"w": width, "h": height},
            "fieldConfig": {"defaults": {"unit": unit, "thresholds": steps(*levels), "custom": custom or {}}, "overrides": []},
            "options": options or {}}


def lines(title, description, unit, *queries, levels=("green",), stacked=False, width=8):
    custom = {"lineWidth": 1, "fillOpacity": 30 if stacked else 5, "showPoints": "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked else "none"},
              "thresholdsStyle": {"mode": "dashed" if len(levels) > 1 else "off"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    made = panel("timeseries", title, description, unit, queries, levels, width, 8, custom, options)
    made["fieldConfig"]["defaults"]["min"] = 0
    return made


def number(title, description, unit, expr, levels=("green",), width=3):
    options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background" if len(levels) > 1 else "value", "graphMode": "none"}
    return panel("stat", title, description, unit, [query(expr, instant=True)], levels, width, 4, options=options)


def table(title, description, *queries, unit="short", levels=("green",), width=24, height=8):
    for each in queries:
        if "expr" in each:
            each["format"] = "table"
    return panel("table", title, description, unit, queries, levels, width, height, {"align": "auto"})


def bars(title, description, unit, asked, width=24):
    return panel("barchart", title, description, unit, [asked], ("green",), width, 9, {"stacking": {"mode": "normal"}},
                 {"orientation": "horizontal", "stacking": "normal", "legend": {"displayMode": "list", "placement": "bottom"}})


def trace(title, description, trace_id):
    asked = {"query": trace_id, "queryType": "traceql", "datasource": TEMPO}
    return panel("traces", title, description, "none", [asked], ("green",), 24, 16)


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": WIDTH, "h": 1}}


def laid_out(panels):
    """From left to right, a new line where one is full."""
    x = y = height = 0
    for index, each in enumerate(panels, 1):
        place = each["gridPos"]
        if x + place["w"] > WIDTH:
            x, y, height = 0, y + height, 0
        place["x"], place["y"] = x, y
        x, height = x + place["w"], max(height, place["h"])
        each["id"] = index
    return panels


# ---- what is chosen above a dashboard ----

def source(name, kind, label):
    return {"name": name, "type": "datasource", "query": kind, "label": label, "hide": 0, "current": {}, "refresh": 1}


def label_values(name, label, of, many=False):
    return {"name": name, "type": "query", "label": label, "datasource": PROMETHEUS, "query": of, "definition": of, "refresh": 2, "sort": 1,
            "multi": many, "includeAll": many, "allValue": ".*" if many else None, "current": {"text": ["All"], "value": ["$__all"]} if many else {}}


def sql_variable(name, text, is_hidden=False):
    asked = sql(text)["rawSql"]
    return {"name": name, "type": "query", "label": name.capitalize(), "datasource": POSTGRES, "query": asked, "definition": asked, "refresh": 2,
            "hide": 2 if is_hidden else 0, "multi": False, "includeAll": False, "current": {}}


NODES = [source("prometheus", "prometheus", "Prometheus"),
         label_values("job", "Job", "label_values(moonline_build_info, job)"),
         label_values("instance", "Node", 'label_values(moonline_build_info{job="$job"}, instance)', many=True)]


def dashboard(name, title, description, variables, panels):
    return {"uid": f"moonline-{name}", "title": f"Moonline: {title}", "description": description, "tags": ["moonline"],
            "schemaVersion": 38, "version": 1, "editable": True, "timezone": "browser", "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"}, "graphTooltip": 1,
            "links": [{"type": "dashboards", "title": "Moonline", "tags": ["moonline"], "asDropdown": True, "keepTime": True,
                       "includeVars": True}],
            "templating": {"list": variables}, "annotations": {"list": []}, "panels": laid_out(panels)}


def text_of(made):
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
