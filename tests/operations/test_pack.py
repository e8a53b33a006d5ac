"""The operations pack as it lies there: rules that Prometheus takes, a test and a runbook for each alert, dashboards that are alike."""

import re
import subprocess
import sys
import unittest

import yaml

import pack

DOCS = pack.SOURCE / "docs" / "operations.md"
TESTS = sorted((pack.PROMETHEUS / "tests").glob("*.yml"))
EVALUATED = re.compile(r'^ALERTS\{alertname="(\w+)", alertstate="firing"\}$')


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


class Rules(unittest.TestCase):
    def test_prometheus_takes_them(self):
        for command in (("check", "config", pack.PROMETHEUS / "prometheus.yml"),
                        ("check", "rules", *[pack.PROMETHEUS / name for name in pack.RULE_FILES])):
            status, text = run("promtool", *command)
            self.assertEqual(status, 0, text)

    def test_they_fire_when_they_should_and_are_silent_when_not(self):
        status, text = run("promtool", "test", "rules", *TESTS)
        self.assertEqual(status, 0, text)

    def test_each_alert_was_seen_firing_and_silent(self):
        fired, silent = set(), set()
        for path in TESTS:
            for case in yaml.safe_load(path.read_text())["tests"]:
                for check in case["promql_expr_test"]:
                    name = EVALUATED.match(check["expr"]).group(1)
                    (fired if check["exp_samples"] else silent).add(name)
        names = {rule["alert"] for rule in pack.alerts()}
        self.assertEqual(names - fired, set(), "never seen firing")
        self.assertEqual(names - silent, set(), "never seen silent")
        self.assertEqual((fired | silent) - names, set(), "tests of no alert")

    def test_each_alert_says_what_to_do(self):
        headings = {line[4:].strip() for line in DOCS.read_text().splitlines() if line.startswith("### ")}
        for rule in pack.alerts():
            name = rule["alert"]
            with self.subTest(name):
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook"})
                self.assertEqual(rule["annotations"]["runbook"], f"docs/operations.md#{name.lower()}")
                self.assertIn(name, headings, "docs/operations.md has no heading for it")
        orphans = {heading for heading in headings if heading.startswith("Moonline")} - {rule["alert"] for rule in pack.alerts()}
        self.assertEqual(orphans, set(), "headings of no alert")

    def test_each_runbook_entry_is_complete(self):
        for entry in re.split(r"^### ", DOCS.read_text(), flags=re.M)[1:]:
            name, text = entry.split("\n", 1)
            if name.startswith("Moonline"):
                for part in ("**Means:**", "**Look:**", "**Do:**"):
                    self.assertIn(part, text.split("\n## ")[0], name)

    def test_recorded_names_are_recorded(self):
        used = {name for rule in pack.rules() for name, _ in pack.selectors(rule["expr"]) if ":" in name}
        used |= {name for _, target in pack.panels() for name, _ in pack.selectors(target.get("expr", "")) if ":" in name}
        self.assertEqual(used - pack.recorded(), set())


class Dashboards(unittest.TestCase):
    def test_they_are_what_the_generator_makes(self):
        status, text = run(sys.executable, pack.GRAFANA / "build.py", "--check")
        self.assertEqual(status, 0, text)

    def test_panels_say_what_they_show(self):
        for name, dashboard in pack.dashboards().items():
            sources = {variable["name"] for variable in dashboard["templating"]["list"] if variable["type"] == "datasource"}
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))
            for panel in dashboard["panels"]:
                if panel["type"] == "row":
                    continue
                with self.subTest(f"{name}: {panel['title']}"):
                    self.assertTrue(panel["description"].endswith("."), "a description is a sentence")
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    self.assertTrue(panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
                    self.assertIn(panel["datasource"]["uid"].strip("${}"), sources, "Prometheus and Postgres are chosen above")
                    place = panel["gridPos"]
                    self.assertLessEqual(place["x"] + place["w"], 24)

    def test_uids_differ(self):
        uids = [dashboard["uid"] for dashboard in pack.dashboards().values()]
        self.assertEqual(len(uids), len(set(uids)))


class Collector(unittest.TestCase):
    """No collector is among Debian's packages: its file is read, not run."""

    def test_pipelines_name_what_is_configured(self):
        configured = yaml.safe_load((pack.SOURCE / "deploy" / "otel" / "collector.yaml").read_text())
        self.assertEqual(set(configured), {"extensions", "receivers", "processors", "exporters", "service"})
        used = {"extensions": set(configured["service"]["extensions"])}
        for pipeline in configured["service"]["pipelines"].values():
            for kind in ("receivers", "processors", "exporters"):
                used.setdefault(kind, set()).update(pipeline[kind])
        for kind, names in used.items():
            self.assertEqual(names, set(configured[kind]), kind)


if __name__ == "__main__":
    unittest.main()
