"""Pictures as all rooms take them."""
