"""What the small built-in StyleShot adds to the published one: an autoencoder, a prior of words, edges, AdaIN of latents."""
