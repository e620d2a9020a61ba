"""The activity log: who did what, when and from which network."""
