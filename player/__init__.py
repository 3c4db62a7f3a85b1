"""Pages and HLS for viewers."""
