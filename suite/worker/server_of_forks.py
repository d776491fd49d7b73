"""What the server of forks imports first, so that it ends with the process that started it, and its forks with it."""

from suite.worker.process import die_with_parent

die_with_parent()
