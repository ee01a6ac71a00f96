"""Where the heads of animals are that may wear a hat."""

# In shares of the drawing's width and height, from its upper left: the middle of the top of the head, under the ears,
# and how wide the head is.
HEADS = {
    "cat": (0.27, 0.15, 0.34), "dog": (0.40, 0.07, 0.42), "rabbit": (0.32, 0.36, 0.34),
    "mouse": (0.30, 0.20, 0.30), "pig": (0.28, 0.12, 0.42), "horse": (0.13, 0.12, 0.16),
    "elephant": (0.33, 0.06, 0.34), "monkey": (0.36, 0.07, 0.46), "gorilla": (0.20, 0.05, 0.20),
    "owl": (0.5, 0.14, 0.56), "penguin": (0.42, 0.05, 0.36), "duck": (0.38, 0.04, 0.28),
    "parrot": (0.26, 0.05, 0.30), "frog": (0.5, 0.08, 0.50), "fox": (0.5, 0.13, 0.52),
    "wolf": (0.5, 0.13, 0.52), "bear": (0.5, 0.06, 0.56), "polar bear": (0.5, 0.06, 0.56),
    "panda": (0.5, 0.06, 0.56), "koala": (0.5, 0.08, 0.52), "hamster": (0.5, 0.07, 0.56),
    "lion": (0.5, 0.08, 0.56), "tiger": (0.20, 0.10, 0.26), "chicken": (0.30, 0.10, 0.28),
    "bird": (0.28, 0.03, 0.34), "flamingo": (0.20, 0.04, 0.22), "camel": (0.20, 0.07, 0.20),
    "turtle": (0.24, 0.25, 0.28), "otter": (0.20, 0.10, 0.24), "llama": (0.13, 0.09, 0.14),
    "robot": (0.5, 0.15, 0.56), "teddy bear": (0.47, 0.06, 0.46),
}  # fmt: skip
