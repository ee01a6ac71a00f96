"""A folder of pictures in one style: what there is to paint, who paints it, and what became of it."""
