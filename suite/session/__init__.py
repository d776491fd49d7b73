"""One run of `tox -e bench`: pytest's plugin, what is collected, the journal, and the run's file."""
