"""What the command line does, one module per act. Everything is called from the packages below."""
