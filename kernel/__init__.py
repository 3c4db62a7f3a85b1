"""What every part stands on: settings, clock, database, journal, bus, storage, telemetry, web errors. Knows no lecture."""
