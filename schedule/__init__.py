"""What happens when: lectures, the agenda, channels and their rundown."""
