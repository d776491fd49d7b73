"""What the server of forks imports first: it ends with the process that started it, and its threads are quiet."""

import os

from suite.worker.process import QUIET_THREADS, die_with_parent

die_with_parent()
os.environ.update(QUIET_THREADS | os.environ)  # before torch, whose libgomp reads it once
