"""Every sentence the program says to a person, in English, each under a key.

A door that speaks another language translates by key (`ui/words.py`), so the rooms below it never need to know
which language is spoken. A sentence may hold `{named}` values.
"""

from dataclasses import dataclass, field
from typing import Any

# Problems: (what is wrong, what to do about it). Raised as `errors.Problem(key, **values)`.
PROBLEMS: dict[str, tuple[str, str]] = {
    "not_a_picture": (
        "This file is not a picture that can be read.",
        "Choose a JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF, BMP, TGA or JPEG 2000.",
    ),
    "format_refused": (
        "{format} pictures are not accepted.",
        "Save it as JPEG, PNG, WebP, HEIC, AVIF, GIF, TIFF, BMP, TGA or JPEG 2000 and try again.",
    ),
    "camera_raw": (
        "This is a camera raw file: what the sensor saw, not yet a picture.",
        "Export it as JPEG or TIFF from the program that develops it, and try again.",
    ),
    "picture_truncated": ("This picture is cut off before its end.", "Download or export it again."),
    "picture_damaged": (
        "This picture is damaged, or stored in a way that is not supported.",
        "Export it again as a usual PNG or JPEG and try again.",
    ),
    "picture_missing": ("There is no picture at the given place.", "Check the name of the file."),
    "too_many_pixels": (
        "This picture has {megapixels} megapixels; at most {limit} are accepted.",
        "Make it smaller and try again.",
    ),
    "too_many_bytes": (
        "This file is {megabytes} MB; at most {limit} MB are accepted.",
        "Save it smaller and try again.",
    ),
    "too_small": (
        "This picture is {width} x {height}; each side needs at least {limit} pixels.",
        "Choose a larger one.",
    ),
    "too_long": (
        "This picture is {width} x {height}, longer than {limit} times its short side.",
        "Crop it and try again.",
    ),
    "moved_unusable": (
        "These are no places to which things could be moved.",
        "Give the name of each and, 0 to 1 each way, the place of its foot, such as castle: 0.3, 0.7.",
    ),
    "scene_unusable": ("This is no scene that can be drawn: {part} is wrong.", "Compose it anew from words."),
    "nothing_to_draw": ("There are no words to compose a picture from.", "Write what the picture should show."),
    "nothing_known": (
        "The composer does not know what this is: {words}.",
        "Name other things or a place, such as a castle by the sea at sunset.",
    ),
    "nothing_known_near": (
        "The composer does not know what this is: {words}.",
        "Write what comes near instead ({nearest}), or name other things or a place.",
    ),
    "no_sketch": (
        "The composer knows nothing of this, so there is no sketch to follow: {words}.",
        "Name things, a place or a time of day as well, or do not follow the sketch.",
    ),
    "one_folder": (
        "More than one folder of contents was named.",
        "Name one of --content, --flat, --portraits and --structure.",
    ),
    "content_needed": ("There is no content picture.", "Add the picture that should be repainted."),
    "style_needed": ("There is no style picture.", "Add at least one picture whose style should be used."),
    "too_many_styles": ("{count} style pictures were given; at most {limit} are accepted.", "Remove some."),
    "weights_all_zero": ("All style weights are zero.", "Give at least one style a weight above zero."),
    "out_of_range": ("{name} is {value}; it must lie between {low} and {high}.", "Choose a value in that range."),
    "not_a_number": ("{name} is not a number.", "Enter a number between {low} and {high}."),
    "not_whole": ("{name} is {value}; it must be a whole number.", "Choose a number without decimals."),
    "unknown_choice": ("{value} is not a choice for {name}.", "Choose one of: {choices}."),
    "unknown_setting": ("{name} is not a setting of this kind of job.", "Remove it, or check its spelling."),
    "bad_setting": ("The environment variable {name} has a value that cannot be used.", "Set it to {expected}."),
    "out_of_memory": (
        "There is not enough memory for this.",
        "Lower the size (about {size} pixels would fit) or close other programs, and try again.",
    ),
    "out_of_memory_whole": (
        "There is not enough memory for a photo of this size.",
        "Choose a size instead of the photo's own (about {size} pixels would fit), or close other programs.",
    ),
    "out_of_memory_brush_size": (
        "There is not enough memory for brushes of this size.",
        "Lower the brush size (about {size} pixels would fit) or close other programs, and try again.",
    ),
    "out_of_memory_keep_background": (
        "There is not enough memory to find the subject.",
        "Switch off keeping the background, or close other programs, and try again.",
    ),
    "weights_missing": (
        "The files of {model} are not on this machine.",
        "Fetch them in the models panel, or choose another model.",
    ),
    "enlarger_missing": (
        "{model} is not on this machine: {size} to fetch.",
        "Fetch it in the models panel or with the command `models fetch {name}`, or enlarge without it.",
    ),
    "weights_broken": ("A file of {model} is damaged or of another kind.", "Delete it and fetch it again."),
    "out_of_memory_loading": (
        "There is not enough memory to load {model}.",
        "Unload other models in the models panel, close other programs, and try again.",
    ),
    "downloads_off": (
        "Downloads are switched off.",
        "Unset STYLESHOT_OFFLINE and HF_HUB_OFFLINE, or put the files into the folder named by STYLESHOT_MODELS.",
    ),
    "no_network": ("{host} cannot be reached.", "Check the network connection and try again."),
    "server_silent": (
        "{host} is there but does not answer.",
        "Try again later, or set HF_HUB_ETAG_TIMEOUT to the seconds that it may take.",
    ),
    "proxy_unreachable": (
        "The proxy {proxy} cannot be reached.",
        "Check http_proxy, https_proxy and ALL_PROXY in the environment, or unset them.",
    ),
    "proxy_unusable": (
        "The proxy {proxy} cannot be used.",
        "Set http_proxy and https_proxy to an address such as http://name:password@host:port or socks5://host:port.",
    ),
    "certificate_unknown": (
        "{host} shows a certificate that this machine does not trust.",
        "Behind the proxy of a company, name the file with its certificates in SSL_CERT_FILE.",
    ),
    "certificates_unusable": (
        "The file of certificates that SSL_CERT_FILE names cannot be used.",
        "Correct SSL_CERT_FILE, or unset it.",
    ),
    "server_stalled": ("{host} has stopped sending.", "Try again; the download goes on where it stopped."),
    "server_error": ("{host} answers with error {status}.", "Try again later; the download goes on where it stopped."),
    "download_cut": ("The connection was cut.", "Try again; the download goes on where it stopped."),
    "access_refused": (
        "{host} does not hand out {file} without signing in.",
        "Sign in with `hf auth login`, or put the file into the folder named by STYLESHOT_MODELS.",
    ),
    "file_gone": (
        "{host} no longer has {file} at its place.",
        "Look for a newer version of this program, or put the file into the folder named by STYLESHOT_MODELS.",
    ),
    "wrong_hash": (
        "What came as {file} is not the file that was expected, so it was thrown away.",
        "Try again; if it stays, do not use that server.",
    ),
    "disk_too_small": (
        "{needed} have to fit on the disk, but only {free} are free.",
        "Free some space, or name a folder on a larger disk in STYLESHOT_MODELS.",
    ),
    "disk_full": ("The disk is full.", "Free some space and try again; the download goes on where it stopped."),
    "models_folder_locked": (
        "The folder for model files cannot be written to.",
        "Change its permissions, or name another folder in STYLESHOT_MODELS.",
    ),
    "already_fetching": ("{file} is being fetched by another window or program.", "Wait until that is done."),
    "checkpoint_unreadable": ("{file} is not a checkpoint that can be read.", "Delete it and fetch it again."),
    "checkpoint_key_missing": (
        "{file} has no weights called {name}.",
        "Delete it and fetch it again, or choose a checkpoint of StyleShot.",
    ),
    "checkpoint_key_unknown": (
        "{file} has weights called {name}, which StyleShot does not know.",
        "Choose a checkpoint of StyleShot.",
    ),
    "checkpoint_key_shape": (
        "The weights {name} in {file} have the shape {shape} where {expected} is needed.",
        "Choose a checkpoint that was made for this base model.",
    ),
    "checkpoint_not_finite": (
        "The weights {name} in {file} hold numbers that are too large or not numbers.",
        "Delete it and fetch it again.",
    ),
    "folder_not_empty": ("There are files in {name} already.", "Choose a new or an empty folder."),
    "no_provenance": ("This picture does not say how it was made.", "Choose a PNG that this app has saved."),
    "provenance_unusable": (
        "What this picture says of how it was made cannot be used.",
        "Set the controls by hand, or choose a PNG that this app has saved.",
    ),
    "output_format": (
        "Results cannot be saved as {suffix} files.",
        "Choose a name that ends in .png, .jpg, .webp or .tif.",
    ),
    "cannot_write": ("The result could not be written.", "Check that the folder exists and can be written to."),
    "not_a_folder": ("{name} is a file where a folder is needed.", "Choose another name for the folder."),
    "name_too_long": ("The name of the result is too long for the disk.", "Choose a shorter one."),
    "saved_elsewhere": (
        "The result could not be written there.",
        "It was saved as {place} instead; move it to where it should be.",
    ),
    "library_off": ("No styles are kept here.", "Name a folder for them in STYLESHOT_LIBRARY."),
    "style_unknown": ("There is no style called {style}.", "Choose one that is in the library now."),
    "style_taken": ("There is a style called {style} already.", "Choose another name, or rename or delete that one."),
    "style_read_only": (
        "The style {style} comes with the program and stays as it is.",
        "Save its picture as a style of your own to change it.",
    ),
    "style_nameless": ("A style needs a name of 1 to {limit} characters.", "Write one."),
    "style_tags": (
        "A style has at most {count} tags of at most {limit} characters.",
        "Leave some out, or shorten them; commas stand between them.",
    ),
    "style_suffix": ("A style file needs another name.", "Choose one that ends in {suffix}."),
    "style_gone": (
        "That style can no longer be brought back.",
        "Import it from a file that was exported, or save it anew.",
    ),
    "too_many_style_pictures": (
        "{count} pictures were given; a style holds at most {limit}.",
        "Leave some out, or make two styles of them.",
    ),
    "style_file_missing": ("There is no file {file}.", "Check the name of the file."),
    "not_a_style_file": (
        "{file} is no style file.",
        "Choose a file that was exported from a library of styles; its name ends in .style.zip.",
    ),
    "style_file_damaged": ("The style file {file} is damaged.", "Export or copy it again."),
    "style_file_refused": (
        "The style file {file} holds what a style file does not hold, so it was not opened.",
        "Export it again, and pack nothing else into it.",
    ),
    "style_file_too_large": (
        "The style file {file} holds more than {limit} MB, or more than one of its parts may have.",
        "Export it with fewer or smaller pictures.",
    ),
    "style_file_newer": (
        "The style file {file} was made by a newer version of this program.",
        "Update the program, and import it again.",
    ),
    "weights_count": (
        "{weights} style weights were given for {styles} style pictures.",
        "Give one weight for each style picture, or none at all.",
    ),
    "enlarged_too_large": (
        "The enlarged picture would have {megapixels} megapixels; at most {limit} are made.",
        "Choose the smaller factor, or a smaller picture.",
    ),
    "result_gone": (
        "The picture on show is no longer kept by the program.",
        "Paint it again, or save it and enlarge the file.",
    ),
    "no_subject": (
        "Nothing in this picture stands out from its background.",
        "Choose a picture in which something does.",
    ),
    "no_person": (
        "Nobody was found in this picture.",
        "Choose a picture in which a face can be seen.",
    ),
    "folder_for_several": ("{name} is one file, and there are several pictures.", "Name a folder for the results."),
    "same_name": (
        "Two of the pictures would both become {name}.",
        "Rename one of them, or give them to the command one after the other.",
    ),
    "overwrites_input": ("{name} is one of the pictures to read.", "Choose another name for the result."),
    "device_missing": ("There is no {device} device on this machine.", "Set STYLESHOT_DEVICE to auto or cpu."),
    "styleshot_missing": (
        "{model} needs files that are not on this machine: {missing}, {size} to fetch.",
        "Fetch them in the models panel, or put them into the folder named by STYLESHOT_MODELS.",
    ),
    "no_content_fusion": (
        "These weights of {model} cannot follow a content picture.",
        "Choose a checkpoint with content fusion, or describe the picture in words instead.",
    ),
    "not_text": ("{name} is not a text.", "Write it in words."),
    "text_too_long": ("{name} has {count} characters; at most {limit} are accepted.", "Shorten it."),
    "address_taken": (
        "The page cannot be opened at {host}:{port}; another program may be using it.",
        "Stop that program, or set STYLESHOT_PORT to another number.",
    ),
    "address_foreign": (
        "{host} is not an address of this machine.",
        "Set STYLESHOT_HOST to 127.0.0.1, to ::1, or to 0.0.0.0 for every network.",
    ),
    "port_forbidden": ("This user may not open port {port}.", "Set STYLESHOT_PORT to a number from 1024 on."),
    "no_temporary_folder": (
        "There is no folder that temporary files can be written to.",
        "Set GRADIO_TEMP_DIR to a folder that can be written to.",
    ),
    "phase_missing": (
        "The folder of the run holds nothing of the phase {phase} yet.",
        "Run the command train small {phase} first.",
    ),
    "recipe_unreadable": (
        "{file} is not a recipe for this training.",
        "Use the tables and names of the recipe files that come with the program.",
    ),
    "other_run": (
        "The folder holds a training run with other settings.",
        "Choose another folder, or the settings of that run.",
    ),
    "too_few_pictures": (
        "None of the few pictures in that folder is in the part that is held out.",
        "Name a folder with more pictures, or take them all with --part all.",
    ),
    "no_pictures": ("There is no picture in that folder.", "Name a folder with pictures."),
    "drawings_unusable": (
        "There is no set of drawings of known names.",
        "Name the icons.json of an Iconify package of emoji.",
    ),
    "judge_alone": (
        "A judge of what is painted needs both SqueezeNet and other drawings.",
        "Give --squeezenet and --drawings, or neither.",
    ),
    "no_training_pictures": ("There is no picture to train on.", "Name a folder with pictures."),
    "no_content_pictures": (
        "The pictures to train on have no content pictures.",
        "Make them with `python -m styleshot_demo train gallery`, which draws the lines of each.",
    ),
    "gallery_unreadable": (
        "{file} is no gallery that can be read.",
        "Name a folder of pictures or shards, or a JSON lines file with image_file and content_prompt.",
    ),
    "gallery_line": ("This line does not name a picture.", "Write it as JSON with image_file and content_prompt."),
    "gallery_shard": ("This shard is cut off or damaged.", "Copy or make it again."),
    "package_missing": (
        "The package {package} is not installed.",
        "Install it with `pip install -r styleshot_demo/training/requirements.txt`.",
    ),
    "ray_missing": (
        "The package ray is not installed.",
        "Install it with `pip install -r styleshot_demo/batch/requirements.txt`, or leave out --engine ray.",
    ),
    "process_ended": (
        "The process that painted this picture was ended, perhaps because memory ran out.",
        "Close other programs or choose fewer workers, and give the same command again.",
    ),
    "shard_unusable": ("{value} is no part of a batch.", "Write it as 2/8, for the second of eight parts."),
    "results_among_pictures": (
        "The pictures are read from {name}, so results cannot go there.",
        "Choose another folder for the results.",
    ),
    "batch_running": (
        "Another command is painting into this folder.",
        "Wait until it is done, or choose another folder.",
    ),
    "feeds_differ": (
        "There are {feeds} feeds for {networks} networks.",
        "Give --network-feed once for all networks, or once for each.",
    ),
    "training_diverged": (
        "The loss is no longer a number at step {step}.",
        "Go on from the last checkpoint with a lower rate, or with clipping.",
    ),
    "resolution_step": ("{value} is no resolution to train at.", "Choose a multiple of 64."),
    "not_a_base": (
        "There is no Stable Diffusion in {name}.",
        "Name a folder in diffusers' layout, with unet, vae, text_encoder, tokenizer and scheduler.",
    ),
    "not_a_styleshot": (
        "There is no StyleShot in {name}.",
        "Name a folder with ip.bin and style_aware_encoder.bin, or one that a training has written.",
    ),
    "vision_or_start": (
        "Training needs either a CLIP to begin with or a StyleShot to go on from.",
        "Give one of --vision and --start.",
    ),
    "not_finite": (
        "The computation in {precision} has left the range of numbers, so there is no picture.",
        "Set STYLESHOT_PRECISION to float32, or choose another seed or a lower guidance.",
    ),
    "run_unfinished": (
        "Another run of this program was begun and not ended.",
        "Run it to its end or close it, then try again.",
    ),
    "run_taken_over": (
        "Nobody asked this run for its next step for a long time, so it was ended for others who waited.",
        "Start it again.",
    ),
    "gpu_quota": (
        "The GPU time of this account or network is used up.",
        "Sign in to Hugging Face, or come back later.",
    ),
    "gpu_quota_until": (
        "The GPU time left for today is {left} s, and this needs up to {requested} s.",
        "Come back in {wait} (hours:minutes:seconds), sign in to Hugging Face for more, or ask for fewer or smaller"
        " pictures.",
    ),
    "gpu_pending": (
        "Other runs of yours have taken all the GPU time that is left to you.",
        "Try again when they are done.",
    ),
    "gpu_too_long": (
        "This would need the GPU longer than is allowed at once.",
        "Ask for fewer or smaller pictures, or fewer steps.",
    ),
    "gpu_busy": ("No GPU is free now.", "Try again in a minute."),
    "gpu_aborted": (
        "The GPU was taken away before this was done; it took longer than was asked for.",
        "Ask for fewer or smaller pictures, or fewer steps, and try again.",
    ),
    "gpu_sign_in_again": ("Your sign-in has run out.", "Load the page again, and try again."),
    "gpu_failed": ("The GPU could not be used.", "Try again; if it stays, come back later."),
    "not_prepared": (
        "The files of {model} came after the program had started.",
        "Start the program again: they are prepared then, outside of the time that a GPU is lent for.",
    ),
    "unexpected": (
        "Something went wrong that should not have.",
        "Try again; if it stays, report it with reference {reference}.",
    ),
}

# Remarks: one sentence each. Used in `Step.message` and `Result.notes`.
REMARKS: dict[str, str] = {
    "loading": "Loading {model}",
    "waiting_place": "Waiting for another run to end; place in the line: {place}",
    "encoding": "Reading the pictures",
    "painting": "Painting",
    "kept_16_bits": "Computed in 16 bits a channel, as the photo is stored: PNG and TIFF keep them",
    "painting_whole": "Painting at the photo's own size, about {seconds} s left",
    "whole_not_optimised": "Only fast and colour paint at a photo's own size: the longest side has {size} pixels here",
    "iterating": "Step {step} of {total}, about {seconds} s left",
    "reading_model": "Reading {model}, once only: {percent} %",
    "without_gpu": "No GPU was lent, so this is computed on the processor, which takes longer",
    "converting": "Preparing the files of {model}, once only: {percent} %",
    "extracting": "Finding the lines of the photo",
    "denoising": "Picture {picture} of {pictures}: step {step} of {total}, about {seconds} s left",
    "decoding": "Turning the latents into a picture",
    # A step with this one carries a finished picture, just as it will stand in the result.
    "made": "Picture {picture} of {pictures} is finished",
    "model_styleshot": "Model: StyleShot with the published weights",
    "model_small": "Model: the small built-in StyleShot",
    "model_composer": "Composed from Noto art and painted by fast",
    "composing": "Composing",
    "sketched": "Finding the lines of the sketch",
    "sketch_lacks": "Not in the sketch: {words}",
    "model_painter": "Painted by fast over the photo itself",
    "painter_size": "Of this photo the built-in painter's short side is {size} pixels",
    "painter_no_words": "The built-in painter reads no words, so the prompt was not used",
    "painter_alone": "The built-in painter makes one picture of a photo",
    "composer_size": "The smallest pictures of the composer have {size} pixels a side",
    "composer_emphasis": "The composer knows no emphasis: brackets and weights were not read",
    "composer_negative": "The composer reads no negative prompt",
    "scene_bare": "Only the surroundings are painted",
    "tile_not_composed": "Only the composer makes pictures that repeat without a seam: this one does not",
    "scene_unknown": "Not known here: {words}",
    "scene_near": "Not known here: {words}; nearest: {nearest}",
    "placement_resident": "Memory: everything on {device}",
    "placement_offload": "Memory: the large networks are on {device} only while they work",
    "placement_minimal": "Memory: layers come to {device} one by one, which is slower",
    "placement_lowered": "Memory ran out, so this was made in a way that needs less",
    "prompt_cut": "The prompt was too long; this was not read: {rest}",
    "negative_prompt_cut": "The negative prompt was too long; this was not read: {rest}",
    "negative_prompt_unused": "The negative prompt was not read, as it needs guidance above 1",
    "finding": "Looking for what stands out",
    "enlarging": "Enlarging",
    "piecing": "Finding pieces of the style: step {step} of {total}",
    "subject_found": "The background is not plain: what stands out from it was found by a small network, and painted",
    "no_subject": "Nothing stands out from its background, so all of the picture was painted",
    "features_builtin": "Features: the built-in encoder, because VGG-19 is not on this machine",
    "features_vgg": "Features: VGG-19",
    "gpu_driver_too_old": "The graphics driver is too old for this build of PyTorch, so the processor is used",
    "gpu_too_old": (
        "{gpu} is too old for this build of PyTorch (compute capability {capability}, at least {least} is needed), "
        "so the processor is used"
    ),
    "metadata_ignored": "The settings stored in this picture were not usable and were ignored",
    "preview_model": "A preview: briefly trained, it follows contours and colours; words it knows give rough shapes",
    "small_size": "The small model paints at {size} pixels",
    "small_contour": "The small model follows contours only",
    "words_unknown": "The small model does not know these words and may paint something else: {words}",
}


@dataclass(frozen=True)
class Remark:
    """One sentence by its key; `str()` gives it in English."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return REMARKS[self.key].format(**self.values)


def remark(key: str, **values: Any) -> Remark:
    """A `Remark`; the key has to be in `REMARKS`."""
    if key not in REMARKS:
        raise KeyError(key)
    return Remark(key, values)
