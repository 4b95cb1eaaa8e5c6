"""Roles and operations: who may do what, decided and not sampled."""
