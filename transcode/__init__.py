"""The media engine: access units to CMAF, HLS and DVB transport streams. Stands alone."""
