"""Arms, their texts, and what a text may promise."""
