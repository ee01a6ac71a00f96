"""The names of StyleShot's models and parts, in the catalogue, on disk and for people."""

BASE = "sd15"
CHECKPOINT = {"contour": "styleshot", "lineart": "styleshot-lineart"}
DETECTOR = {"contour": "hed", "lineart": "lineart"}
SMALL = "styleshot-small"
ENLARGERS = {"animevideov3": "enlarge", "x4plus": "x4plus"}  # as a job names them -> in the catalogue
PAINTER = ("encoder", "fast")  # what the composer and the painter paint with
BUILT_IN = {"text": "composer", "image": "painter"}  # who makes a job's pictures where StyleShot is not here
CONVERTED = "styleshot-converted"  # folder for converted checkpoints, among the program's own files
MANIFEST = "parts.json"  # in each converted folder, written last: part -> sha256 of its weights
IP, ENCODER = "pretrained_weight/ip.bin", "pretrained_weight/style_aware_encoder.bin"
BASE_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
OWN_PARTS = ("style_encoder", "adapter", "controlnet")
SMALL_PARTS = ("prior",)  # that the small model alone has
PUBLISHED_NUMBERS = (23_897_088, 361_279_120)  # of the adapter and of the ControlNet
WEIGHTS = (".safetensors", ".onnx", ".tflite", ".pth")  # endings of files that hold the weights of a network
# As the models panel shows them.
TITLES = {
    "unet": "Stable Diffusion UNet",
    "vae": "Stable Diffusion VAE",
    "text_encoder": "Text encoder",
    "style_encoder": "Style encoder",
    "adapter": "Style adapter",
    "controlnet": "Content fusion",
    "prior": "Prior of words",
    "taesd": "TAESD",
    "tokens": "Style tokens",
    "pairs": "Encoded pictures",
    "styles": "Styles that were read",
    "computed": "Computed earlier of styles",
    "strokes": "Strokes of styles",
    "composed": "Composed scenes",
    "subjects": "Found subjects",
    "people": "Found people",
    "faces": "Found faces",
    "edges": "Edges of photos",
    "stopped": "Stopped optimisation",
    "patched": "Pieced pictures",
    "painted": "Finished optimisations",
    "contour": "Contour detector",
    "lineart": "Lineart detector",
}
