"""StyleShot's two training stages as published, and fine-tuning, on accelerate."""
