"""What the small built-in StyleShot adds to the published one: autoencoder, prior of words, edges, AdaIN of latents."""
