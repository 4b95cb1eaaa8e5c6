"""What `policy-proxy check --server` looks for, a module for each server; findings are data."""
