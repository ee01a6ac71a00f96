"""Small networks that come with the program: where the subject, the people and the faces are, and more pixels.

They know pictures only: no jobs, no page, no downloads. The same picture gives the same answer, byte for byte.
"""
