"""Past requests, decided again: from what an audit record holds."""
