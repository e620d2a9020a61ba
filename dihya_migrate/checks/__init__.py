"""The checks: pure functions over steps, revisions and facts."""
