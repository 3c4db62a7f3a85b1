"""Who someone is and what that allows."""
