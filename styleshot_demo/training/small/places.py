"""Where the parts of a run lie, in its folder."""

AUTOENCODER, TOKENIZER, DECODER = "autoencoder", "tokenizer", "decoder"
ENCODERS, JOINT, CONTENT = "encoders", "joint", "content"  # phases
PACK, TRIPLETS, EVALUATION = "pack.zip", "triplets.zip", "evaluation.json"
STARTED = "started.json"  # in a phase's folder: `training.json` of the weights it began with
