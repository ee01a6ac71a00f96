"""Words to a scene, a scene to a picture: the composer. It draws with open vector art and needs no network.

- words: what a prompt asks for, as a `Scene`; with phrases and the tables of the lexicon and of places
- tokens: a prompt cut into known phrases; nearest: what comes near unknown ones; meanings: by sentence
  vectors, where these are installed
- belonging: who has, wears or holds what
- rewording: a prompt without one of those words, or with another name in its place
- art: one thing, at any size and in any colour; with bodies for those that are a head
- layout: where everything stands, on a stage; with carrying for what is held or worn, and moving by hand
- backdrops: the places, made in lands, waters, rooms and skyscapes of what grounds, skies and textures give
- standing: one thing put into the picture, in its light (light)
- sketch: `Scene` to picture, with a mask of every thing; pattern: one that repeats without a seam
- painting: that picture painted, ground and things each at a strength of their own
"""
