"""The plugin catalogue, and what each project has installed."""
