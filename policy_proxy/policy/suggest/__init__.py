"""Least privilege: what a policy would have to say to allow what was done, and no more."""
