"""One policy takes another's place: what its workers say of it, and what is remembered of it."""
