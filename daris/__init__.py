"""Assembly: roles, command line, demo. Nothing imports it."""
