"""Style transfer: StyleShot on Stable Diffusion 1.5 beside classical neural style transfer."""

__version__ = "0.1.0"

from styleshot_demo.jobs import ClassicalJob, EnlargeJob, ImageJob, TextJob  # noqa: E402
from styleshot_demo.settings import Settings  # noqa: E402
from styleshot_demo.studio import Studio  # noqa: E402

__all__ = ["ClassicalJob", "EnlargeJob", "ImageJob", "Settings", "Studio", "TextJob", "__version__"]
