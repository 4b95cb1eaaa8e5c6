"""`policy-proxy serve` as a service: listener, workers, restart without a gap, word to systemd."""
