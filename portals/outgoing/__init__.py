"""Every call we make, and what holds it back."""
