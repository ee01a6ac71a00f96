"""Where the parts of a run lie, in its folder."""

AUTOENCODER, TOKENIZER, JOINT, CONTENT, DECODER = "autoencoder", "tokenizer", "joint", "content", "decoder"
PACK, TRIPLETS, EVALUATION = "pack.zip", "triplets.zip", "evaluation.json"
