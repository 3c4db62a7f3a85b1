"""The steps from each schema of the database to the next. Revisions are linear and named by number."""
