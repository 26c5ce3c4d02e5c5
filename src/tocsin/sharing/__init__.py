"""The decision: what may go to whom, and why."""
