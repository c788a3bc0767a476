"""Water-meter segmentation: data, training, gate and promotion as one pipeline."""
