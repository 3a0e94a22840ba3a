"""Speed and quality, measured. Each module runs by itself and prints a table; nothing here is a test."""
