"""Names the plugin that gives pytest the options of `tox -e bench`."""

pytest_plugins = ["suite.session.plugin"]
