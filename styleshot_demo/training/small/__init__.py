"""The small StyleShot that comes with the program: its data, its autoencoder and the phases of its training."""
