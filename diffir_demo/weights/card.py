"""What stands beside a weight file on the Hub: a model card whose results were measured, all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..messages import Message
from ..tasks import TASKS
from .info import WeightsInfo

METRICS = {
    "psnr": "PSNR (dB)",
    "psnr_y": "PSNR on luma (dB)",
    "hole_psnr": "PSNR in the hole (dB)",
    "ssim": "SSIM",
    "st_lpips": "ST-LPIPS (lower is better)",
}
"""Key in the measurements -> as people read it."""
TAGS = {"inpaint": "image-inpainting", "clean": "denoising", "sr": "super-resolution", "deblur": "deblurring"}
TEXT = """\
# {name}

{summary} A network for [DiffIR](https://arxiv.org/abs/2303.09472) (Xia et al., ICCV 2023), which denoises
{numbers} numbers instead of pixels: {parameters:,} parameters{scale}. For DiffIR Studio:

```
diffir restore {task} photo.jpg -o restored.png --weights hf://{repo}/{file}
```

```python
import diffir_demo

diffir_demo.load("{task}", "hf://{repo}/{file}").restore("photo.jpg").save("restored.png")
```

| | |
|---|---|
| File | `{file}`, SHA-256 `{sha256}` |
| Numbers come from | {badge} |
{training}
## Results

{results}
"""


def card(info: WeightsInfo, repo: str, file: str, measured: Path | None, licence: str = "apache-2.0") -> str:
    """The card as Markdown, its head as YAML that the Hub reads (`model-index`).

    repo, file: where the weights will be. measured: what `evaluate --report` wrote beside its tables (quality.json).
    Raises `InputError` for measurements that cannot be read.
    """
    from huggingface_hub import EvalResult, ModelCardData

    rows = [] if measured is None else list(_rows(info, _read(measured)))
    results = [
        EvalResult(
            task_type="image-to-image",
            task_name=TASKS[each["task"]].title,
            dataset_type="kodak24",
            dataset_config=each["set"],
            dataset_name=f"Kodak24, {each['set']}, {each['pictures']} photos",
            metric_type=key,
            metric_name=METRICS.get(key, key),
            metric_value=value,
        )
        for each in rows
        for key, value in each["scores"].items()
    ]
    head = ModelCardData(
        license=licence,
        library_name="diffir-studio",
        pipeline_tag="image-to-image",
        tags=["diffir", "image-restoration", *([TAGS[info.task]] if info.task in TAGS else [])],
        model_name=info.name,
        eval_results=results or None,
    )
    return f"---\n{head.to_yaml()}\n---\n{_body(info, repo, file, rows)}"


def _body(info: WeightsInfo, repo: str, file: str, rows: list[dict[str, Any]]) -> str:
    task = TASKS.get(info.task or "")
    known = {name: info.training.get(name) for name in ("steps", "minutes", "data", "licence")}
    training = "".join(f"| Training: {name} | {_cell(value)} |\n" for name, value in known.items() if value is not None)
    return TEXT.format(
        name=info.name,
        summary=task.summary if task else "Restores photos.",
        numbers=info.config.ipr_length,
        parameters=info.parameters,
        scale=f", enlarges x{info.config.scale}" if info.config.scale > 1 else "",
        task=info.task or "TASK",
        repo=repo,
        file=file,
        sha256=info.sha256,
        badge=info.badge,
        training=training,
        results=_table(rows),
    )


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "Not measured yet."
    lines = ["| Set | Photos | Metric | Value |", "|---|---|---|---|"]
    for row in rows:
        for key, value in row["scores"].items():
            lines.append(f"| {row['set']} | {row['pictures']} | {METRICS.get(key, key)} | {value:g} |")
    commands = list(dict.fromkeys(row["command"] for row in rows))
    machines = list(dict.fromkeys(row["machine"] for row in rows))
    said = [f"Measured by `{command}`." for command in commands] + [f"On {machine}." for machine in machines]
    return "\n".join([*lines, "", *said])


def _rows(info: WeightsInfo, sets: list[Any]) -> Iterator[dict[str, Any]]:
    """The sets in which this very network was measured, with its scores: by its name, and of its own task."""
    names = {f"DiffIR {name}" for name in (info.name, Path(info.file).stem)}
    for found in sets:
        if found["task"] != info.task:
            continue
        for row in found["rows"]:
            if row["method"] in names:
                facts = {name: found[name] for name in ("task", "set", "pictures", "command", "machine")}
                yield facts | {"scores": {key: round(value, 4) for key, value in row["scores"].items()}}


def _read(measured: Path) -> list[Any]:
    try:
        found = json.loads(measured.read_text(encoding="utf-8"))
        if not isinstance(found, Mapping) or not isinstance(found["sets"], list):
            raise ValueError
        return found["sets"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            Message("'{name}' holds no measurements.", name=measured.name),
            "Give the JSON that `evaluate --report` wrote.",
        ) from error


def _cell(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace("|", "/").replace("\n", " ")[:200]
