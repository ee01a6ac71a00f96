"""What of a content stays as it is: its opacity, its background, the likeness of its faces, its 16 bits a channel."""

from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.jobs import ClassicalJob

if TYPE_CHECKING:
    import numpy as np

    from styleshot_demo.classical.face_preservation import FaceLocation
    from styleshot_demo.classical.tiles import Box


def split_opacity(content: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(the content's own colours, mode RGB; its opacity, or None). What cannot be seen at all becomes white paper.

    Painted without its opacity, which is put back at the end: half transparent colours would else pale twice.
    """
    if content.mode == "RGB":  # which may be large: no copy
        return content, None
    colours, alpha = pictures.split_alpha(content)
    if alpha is not None:
        colours.paste("white", mask=alpha.point(lambda value: 255 * (value == 0)))
    return colours, alpha


def without_opacity(content: Image.Image) -> Image.Image:
    """The content's own colours, mode RGB, under full transparency too: what stays as it is stays so to the byte."""
    return content if content.mode == "RGB" else content.convert("RGB")


def composite(content: Image.Image, where: Image.Image | None, painted: Image.Image) -> Image.Image:
    """The content, painted as far as `where` is white; all of it where that is None.

    `painted` may be smaller than the others, as previews are.
    """
    if where is None:
        return painted
    if painted.size != content.size:
        content, where = (one.resize(painted.size, Image.Resampling.BOX) for one in (content, where))
    return Image.composite(painted, content, where)


def blended(content: Image.Image, painted: Image.Image, opacity: float) -> Image.Image:
    """content + opacity * (painted - content), both mode RGB and of one size; at an opacity of 1 `painted` itself."""
    import numpy as np

    if opacity == 1:
        return painted
    before, after = (np.asarray(one, np.float32) for one in (content, painted))
    return Image.fromarray(np.rint(before + opacity * (after - before)).astype(np.uint8))


def content_16bit(job: ClassicalJob, content: Image.Image) -> "np.ndarray | None":
    """The content's 16 bits a channel, [H, W, 3] uint16, as large as `content`, where they are there and are kept.

    What cannot be seen at all is white, as in `split_opacity`.
    """
    import numpy as np

    pixels = job.content.info.get("deep")
    if pixels is None or job.method != "colour":
        return None
    pixels = sixteen_bit.resized(pixels, content.size)
    if content.mode == "RGBA":
        pixels = np.where(np.asarray(content.getchannel("A"))[..., None] == 0, np.uint16(sixteen_bit.WHITE), pixels)
    return pixels


def composite_16bit(content: "np.ndarray", where: Image.Image | None, painted: "np.ndarray") -> "np.ndarray":
    """`composite` for [H, W, 3] uint16."""
    import numpy as np

    if where is not None:
        for row, share in enumerate(np.asarray(where).astype(np.float32) / 255):
            painted[row] = np.rint(content[row] + share[:, None] * (painted[row].astype(np.float32) - content[row]))
    return painted


def preserved_faces(painted: Image.Image, content: Image.Image, places: "list[FaceLocation]") -> Image.Image:
    """`preserve_faces` for a preview too, which may be smaller than the content."""
    if not places:
        return painted
    from styleshot_demo.classical.face_preservation import FaceLocation, preserve_faces

    if painted.size != content.size:
        scale = painted.width / content.width
        places = [FaceLocation(scale * place.x, scale * place.y, scale * place.size) for place in places]
        content = content.resize(painted.size, Image.Resampling.BOX)
    return preserve_faces(painted, content, places)


def crop(image: Image.Image, box: "Box") -> Image.Image:
    """A part of a picture."""
    return image.crop((box.left, box.top, box.right, box.bottom))
