"""deploy/alerts.yml: rules over measurements that exist, each with what to do."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

import daris.app

DEPLOY = Path(__file__).parents[2] / "deploy"
GROUPS = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_measures_what_the_service_shows_and_says_what_to_do(name):
    assert daris.app  # whatever it loads is registered
    shown = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    measured = set(re.findall(r"daris_\w+", RULES[name]["expr"]))
    assert measured
    assert measured <= shown
    assert {"summary", "action"} <= RULES[name]["annotations"].keys()
    assert re.fullmatch(r"\d+[smh]", RULES[name].get("for", "1m"))


def test_prometheus_reads_the_rules():
    settings = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert settings["rule_files"] == ["alerts.yml"]
