"""The facts kept: log, attendance, xAPI."""
