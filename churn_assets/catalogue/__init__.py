"""What can be done for a user, and in what words: arms, their texts, and what a text may promise."""
