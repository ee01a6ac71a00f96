"""Every model the program knows: where its files come from, how big they are, what they must hash to. Data, no logic.

Sizes and hashes are those that the Hugging Face Hub shows for the pinned commit (for large files its Git LFS pointer).
A hash that is `None` is not known beforehand; it is recorded at the first download and demanded from then on.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    repo      "owner/name" on the Hugging Face Hub; empty for files that come with the program
    revision  full commit hash in that repository
    path      path inside the repository; for built-in files inside `assets/`
    bytes     size of the file; only about right where `exact` is False
    sha256    64 hex digits, or None where it is not known beforehand
    exact     whether `bytes` is the exact size, to be verified
    needed    False for a file that loaders use when it is there but can do without
    instead   other paths in the same folder that serve in its place
    """

    repo: str
    revision: str
    path: str
    bytes: int
    sha256: str | None = None
    exact: bool = True
    needed: bool = True
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A model and its files, all from one repository.

    name      short name, used on the command line
    title     what a person reads
    about     one sentence: what it does here
    licence   name of the licence of the weights
    files     its files; paths are relative to one common folder
    needs     names of models that it cannot work without
    built_in  True where the files come with the program (under `assets/`) and are never fetched
    """

    name: str
    title: str
    about: str
    licence: str
    files: tuple[ModelFile, ...]
    needs: tuple[str, ...] = ()
    built_in: bool = False


def _built_in(*paths: str) -> tuple[ModelFile, ...]:
    return tuple(ModelFile("", "", path, 0, exact=False) for path in paths)


_VGG = ("timm/vgg19.tv_in1k", "128d4708565b3a414bcbb9bbad440b2fe37b9f18")
_SD15 = ("stable-diffusion-v1-5/stable-diffusion-v1-5", "451f4fe16113bff5a5d2269ed5ad43b0592e9a14")
_STYLESHOT = ("Gaojunyao/StyleShot", "8b8efc011ad8aa7652bf10d906063010eedca63d")
_STYLESHOT_LINEART = ("Gaojunyao/StyleShot_lineart", "b46fa9cb74dbc3cb516d79a3d73dc7f15722dd8a")
_ANNOTATORS = ("lllyasviel/Annotators", "982e7edaec38759d914a963c48c4726685de7d96")
_TAESD = ("madebyollin/taesd", "931366cc24b8bc15d6f682fa2e0352f1deec397b")

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "encoder",
            "Built-in encoder",
            "Features for the optimise method when VGG-19 is not on this machine.",
            "The licence of this program",
            _built_in("weights/encoder.safetensors", "weights/encoder.json"),
            built_in=True,
        ),
        Model(
            "fast",
            "Fast style transfer",
            "Repaints a picture in one pass.",
            "The licence of this program",
            _built_in("weights/fast.safetensors", "weights/fast.json"),
            built_in=True,
        ),
        Model(
            "styleshot-small",
            "Small StyleShot",
            "A small text-driven and image-driven model that comes with the program.",
            "The licence of this program",
            _built_in(
                *(
                    f"weights/styleshot-small/{name}"
                    for name in (
                        "model_index.json",
                        "training.json",
                        "words.json",
                        "scheduler/scheduler_config.json",
                        "tokenizer/vocab.json",
                        "tokenizer/merges.txt",
                        "tokenizer/tokenizer_config.json",
                        "text_encoder/config.json",
                        "text_encoder/model.safetensors",
                        "prior/config.json",
                        "prior/diffusion_pytorch_model.safetensors",
                        "vae/config.json",
                        "vae/diffusion_pytorch_model.safetensors",
                        "style_encoder/config.json",
                        "style_encoder/diffusion_pytorch_model.safetensors",
                        "adapter/config.json",
                        "adapter/diffusion_pytorch_model.safetensors",
                        "unet/config.json",
                        "unet/diffusion_pytorch_model.safetensors.index.json",
                        "unet/diffusion_pytorch_model-00001-of-00003.safetensors",
                        "unet/diffusion_pytorch_model-00002-of-00003.safetensors",
                        "unet/diffusion_pytorch_model-00003-of-00003.safetensors",
                        "controlnet/config.json",
                        "controlnet/diffusion_pytorch_model.safetensors.index.json",
                        "controlnet/diffusion_pytorch_model-00001-of-00002.safetensors",
                        "controlnet/diffusion_pytorch_model-00002-of-00002.safetensors",
                    )
                )
            ),
            built_in=True,
        ),
        Model(
            "subject",
            "Subject finder",
            "Tells what stands out in a picture from its background: U2-Netp.",
            "Apache 2.0",
            _built_in("weights/helpers/u2netp.onnx"),
            built_in=True,
        ),
        Model(
            "person",
            "Person finder",
            "Tells the people in a picture from all else: MediaPipe selfie segmentation.",
            "Apache 2.0",
            _built_in("weights/helpers/selfie_segmentation.tflite"),
            built_in=True,
        ),
        Model(
            "faces",
            "Face finder",
            "Finds the faces in a picture: BlazeFace, short range.",
            "Apache 2.0",
            _built_in("weights/helpers/face_detection_short_range.tflite"),
            built_in=True,
        ),
        Model(
            "enlarge",
            "Enlarger",
            "Makes a picture two or four times as large, with crisp edges: Real-ESRGAN animevideov3.",
            "BSD 3-Clause",
            _built_in("weights/helpers/realesr_animevideov3.safetensors"),
            built_in=True,
        ),
        Model(
            "x4plus",
            "Real-ESRGAN x4plus",
            "Enlarges with finer textures than the enlarger that comes along, and takes far longer.",
            "BSD 3-Clause",
            (
                ModelFile(
                    *_ANNOTATORS,
                    "RealESRGAN_x4plus.pth",
                    67_040_989,
                    "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
                ),
            ),
        ),
        Model(
            "vgg19",
            "VGG-19",
            "Features for the optimise method, as in the original papers.",
            "BSD 3-Clause",
            (
                ModelFile(
                    *_VGG,
                    "model.safetensors",
                    574_700_000,
                    "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669",
                    exact=False,
                ),
            ),
        ),
        Model(
            "sd15",
            "Stable Diffusion 1.5, half precision",
            "The diffusion model that StyleShot steers.",
            "CreativeML OpenRAIL-M",
            (
                ModelFile(
                    *_SD15,
                    "model_index.json",
                    541,
                    "e2f6f22e274374010aec30c79eb2d6e53fff4a36ac0225523a92cb2d41a83347",
                ),
                ModelFile(
                    *_SD15,
                    "scheduler/scheduler_config.json",
                    308,
                    "699cce92eb7c122e2eb7dfdea78e6187fda76a5ed4a8e42319b85610e620e091",
                ),
                ModelFile(
                    *_SD15,
                    "tokenizer/vocab.json",
                    1_059_962,
                    "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349",
                    instead=("tokenizer/tokenizer.json",),
                ),
                ModelFile(
                    *_SD15,
                    "tokenizer/merges.txt",
                    524_619,
                    "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a",
                    instead=("tokenizer/tokenizer.json",),
                ),
                ModelFile(
                    *_SD15,
                    "tokenizer/tokenizer_config.json",
                    806,
                    "00439066fcba73de57644cf41e4e3b9f2dbb09d7f3fc2005898ba52399045882",
                ),
                ModelFile(
                    *_SD15,
                    "tokenizer/special_tokens_map.json",
                    472,
                    "c4864a9376a8401918425bed71fc14fc0e81f9b59ec45c1cf96cccb2df508eac",
                    needed=False,
                ),
                ModelFile(
                    *_SD15,
                    "text_encoder/config.json",
                    617,
                    "845df614cb9327ae7bbea027316246fae917827407da6df13572e41b5f93b4cc",
                ),
                ModelFile(
                    *_SD15,
                    "text_encoder/model.fp16.safetensors",
                    246_144_864,
                    "77795e2023adcf39bc29a884661950380bd093cf0750a966d473d1718dc9ef4e",
                ),
                ModelFile(
                    *_SD15,
                    "vae/config.json",
                    547,
                    "786a7d21647ddea6a04b9675c03d3cb45e90a2f3c6da5fbda2c54ade040036de",
                ),
                ModelFile(
                    *_SD15,
                    "vae/diffusion_pytorch_model.fp16.safetensors",
                    167_335_342,
                    "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c",
                ),
                ModelFile(
                    *_SD15,
                    "unet/config.json",
                    743,
                    "78f474de6bab3d893868f37be97b636ae65c0df3073ed3256ca458ff599b5f96",
                ),
                ModelFile(
                    *_SD15,
                    "unet/diffusion_pytorch_model.fp16.safetensors",
                    1_719_125_304,
                    "c83908253f9a64d08c25fc90874c9c8aef9a329ce1ca5fb909d73b0c83d1ea21",
                ),
            ),
        ),
        Model(
            "styleshot",
            "StyleShot, contour",
            "Style-aware encoder, style adapter and content encoder for contours.",
            "MIT",
            (
                ModelFile(
                    *_STYLESHOT,
                    "pretrained_weight/ip.bin",
                    4_979_094_428,
                    "b8f9779df214c5d2133faa8c791e9804dbae78c073139bd2b6682927919dfbef",
                ),
                ModelFile(
                    *_STYLESHOT,
                    "pretrained_weight/style_aware_encoder.bin",
                    1_807_217_753,
                    "5ef458358b6acdd2e1451e8ada6b1f60e5a02f031a2e0eca724d69c48b999196",
                ),
            ),
            needs=("sd15", "hed"),
        ),
        Model(
            "styleshot-lineart",
            "StyleShot, lineart",
            "Style-aware encoder, style adapter and content encoder for lineart.",
            "MIT",
            (
                ModelFile(
                    *_STYLESHOT_LINEART,
                    "pretrained_weight/ip.bin",
                    4_979_093_987,
                    "20c9f5018f444a90e9a8b7aed56d24c7a134a92822d3dbddaed544fbbf4bfe1e",
                ),
                ModelFile(
                    *_STYLESHOT_LINEART,
                    "pretrained_weight/style_aware_encoder.bin",
                    1_807_217_753,
                    "5ef458358b6acdd2e1451e8ada6b1f60e5a02f031a2e0eca724d69c48b999196",
                ),
            ),
            needs=("sd15", "lineart"),
        ),
        Model(
            "hed",
            "HED contour detector",
            "Draws the contours of a content picture.",
            "Apache 2.0",
            (
                ModelFile(
                    *_ANNOTATORS,
                    "ControlNetHED.pth",
                    29_444_406,
                    "5ca93762ffd68a29fee1af9d495bf6aab80ae86f08905fb35472a083a4c7a8fa",
                ),
            ),
        ),
        Model(
            "lineart",
            "Lineart detector",
            "Draws the lines of a content picture.",
            "MIT",
            (
                ModelFile(
                    *_ANNOTATORS,
                    "sk_model.pth",
                    17_173_511,
                    "c686ced2a666b4850b4bb6ccf0748031c3eda9f822de73a34b8979970d90f0c6",
                ),
            ),
        ),
        Model(
            "taesd",
            "TAESD",
            "A tiny decoder for sharper previews while a picture is being made; optional.",
            "MIT",
            (
                ModelFile(*_TAESD, "config.json", 600, exact=False),
                ModelFile(
                    *_TAESD,
                    "diffusion_pytorch_model.safetensors",
                    9_793_292,
                    "d7956d561b1efbd861ad9b03fd8f01510f9e87eddc07bdfd20837009433f6ee5",
                ),
            ),
        ),
    )
}

# Other names under which people already have the files of a repository.
ALSO_KNOWN_AS: dict[str, tuple[str, ...]] = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": (
        "runwayml/stable-diffusion-v1-5",
        "sd-legacy/stable-diffusion-v1-5",
    ),
}

# Where the original demo keeps files of a repository, seen from the folder it is started in.
ORIGINAL_DEMO: dict[str, tuple[str, ...]] = {
    "lllyasviel/Annotators": ("annotator/ckpts",),
}
