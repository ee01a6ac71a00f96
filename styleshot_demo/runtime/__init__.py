"""Where work is computed: device, free memory, precision, placement, the cache of models, who runs when, ZeroGPU."""
