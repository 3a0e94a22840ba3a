"""The command line, one module per command. The work is done by the packages below."""
