"""Rooms over WebRTC: signalling, forwarding, chat, presence."""
