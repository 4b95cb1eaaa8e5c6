"""How a policy file is replaced, and how the workers of the proxy are asked about it."""
