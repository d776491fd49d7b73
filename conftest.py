"""Names the plugins that make `tox -e bench`: the run, and what is said of it."""

pytest_plugins = ["suite.session.plugin", "reports.plugin"]
