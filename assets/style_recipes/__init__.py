"""Style pictures drawn by arithmetic alone: each recipe module renders one look from its own seeds.

A recipe has TITLE_EN, TITLE_ZH, METHOD and `render(size)`: float (size, size, 3), sRGB, about [0, 1].
"""
