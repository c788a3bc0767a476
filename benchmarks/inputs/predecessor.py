"""The earlier system's way to serve: eager PyTorch at 512 x 512 behind FastAPI, one request at a time.

    python -m inputs.predecessor PORT

Its recipe, written anew: decode, squash to 512 x 512, stretch between the 2nd and 98th percentile, median
blur of 3 x 3, the network in float32 on all cores, threshold, back to the photograph's size, PNG. Each step
is the fastest that Pillow, NumPy or PyTorch have for it. Weights do not matter for speed; they are random.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, Response, UploadFile
from PIL import Image, ImageFilter, ImageOps

from wms.core.settings import TrainSettings, load_settings
from wms.training.unet import build

CONFIG = Path(__file__).parents[2] / "WMS/configs/reference.yaml"


def make_app() -> FastAPI:
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    settings = load_settings(CONFIG, TrainSettings)
    network = build(settings.architecture, seed=0).eval().to(memory_format=torch.contiguous_format)
    side = settings.image_size_px
    app = FastAPI()

    # `async def` without `await`: one request after the other, as the earlier server did.
    @app.post("/v1/predict")
    async def predict(image: UploadFile) -> Response:
        photograph = ImageOps.exif_transpose(Image.open(image.file)).convert("RGB")
        square = photograph.resize((side, side)).filter(ImageFilter.MedianFilter(3))
        pixels = np.asarray(square, dtype=np.float32)
        low, high = np.percentile(pixels, (2, 98)).astype(np.float32)
        stretched = np.clip((pixels - low) / max(high - low, 1.0), 0.0, 1.0)
        with torch.inference_mode():
            batch = torch.from_numpy(stretched).permute(2, 0, 1).unsqueeze(0).contiguous()
            mask = (torch.sigmoid(network(batch))[0, 0] > 0.5).numpy().astype(np.uint8) * 255
        buffer = io.BytesIO()
        Image.fromarray(mask).resize(photograph.size).save(buffer, "PNG", compress_level=1)
        return Response(buffer.getvalue(), media_type="image/png")

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(), port=int(sys.argv[1]), log_level="warning")
