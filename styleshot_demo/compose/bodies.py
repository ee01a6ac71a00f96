def completed(art, text, rendered): return text
