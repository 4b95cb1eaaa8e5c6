"""Readers of servers' configuration files: text in, entries out."""
