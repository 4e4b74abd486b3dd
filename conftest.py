"""The plugin that makes obligations tests, where the package is not installed."""

pytest_plugins = ["checker.plugin"]
