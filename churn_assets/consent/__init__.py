"""Consent to being written to, and the rule that decides whether it holds: consent that cannot be read is none."""
