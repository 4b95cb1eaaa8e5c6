"""Policies compared by meaning: who gains and who loses access, decided and not sampled."""
