"""People: sign-up, login, profile."""
