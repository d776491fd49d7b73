"""What can be decided from records: the backend for a case, and what changed from run to run."""
