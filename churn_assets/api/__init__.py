"""What is served to programs: users, snapshots, plan and effects to who has a token; and receipts taken of senders."""
