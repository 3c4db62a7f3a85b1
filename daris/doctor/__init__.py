"""`daris doctor`: looks at every hop between this machine and a student, and names what fails."""
