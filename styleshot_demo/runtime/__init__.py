"""Where work is computed: device, free memory, precision, placement, the cache of loaded models, ZeroGPU."""
