"""A real Keystone and Placement on SQLite with the proxy in front: for trying, and for tests.

`stack.running` starts all of it from a state directory and stops it again.
"""
