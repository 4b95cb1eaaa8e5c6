"""Tests of a policy: what is expected of it, whether it is so, and what no test has looked at."""
