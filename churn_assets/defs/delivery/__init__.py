"""Handing one message over to a channel: webhook, e-mail, or a file for a call centre."""
