"""Words to a scene, a scene to a picture: the composer. It draws with open vector art and needs no network.

words      what a prompt asks for -> `Scene`
art        one thing, at any size and in any colour
layout     where everything stands
backdrops  sky, ground, sea and walls
sketch     `Scene` -> picture, with a mask of every thing
painting   that picture painted, ground and things each at a strength of their own
"""
