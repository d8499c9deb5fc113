"""The bench on a tiny case: what it counts is known, what it measures is at least plausible, and it says how."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from diffir_demo.cli import main
from diffir_demo.errors import InputError
from diffir_demo.model import PRESETS, CpuDIRformer, DiffIR, DIRformer
from diffir_demo.model.cost import cost_of
from tools import bench
from tools.bench import timing, variants
from tools.bench.reference import Reference
from tools.bench.timing import STATUS, peak_memory
from tools.bench.variants import Variant, case, variants_for
from tools.machine import CPU


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"width": 8, "blocks": (1, 1, 1, 1), "refinement_blocks": 1, "prior_width": 8, "prior_blocks": 1}
    monkeypatch.setitem(PRESETS, "tiny", dataclasses.replace(PRESETS["compact_deblur"], **small))
    monkeypatch.setitem(timing.GEMM_SIDE, "cpu", 64)


def test_one_case_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without memory: its process would not know our tiny preset."""
    monkeypatch.setattr(bench, "peak_memory", lambda *_: None)
    numbers, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    arguments = ["bench", "--preset", "tiny", "--sizes", "16", "32", "--threads", "1", "--rounds", "2"]
    before = torch.get_num_threads()
    assert main([*arguments, "--json", str(numbers), "--plot", str(plot)]) == 0
    assert torch.get_num_threads() == before
    printed = capsys.readouterr().out
    assert "threads: 1" in printed and "| tiny | 32 x 32 |" in printed and "37.25 x 10^12" in printed
    found = json.loads(numbers.read_text())
    assert found["conditions"]["rounds"] == 2
    assert [case["size"] for case in found["cases"]] == [16, 32]
    names = [each.name for each in variants_for(CPU)]
    for each in found["cases"]:
        assert list(each["decode"]) == names and each["prior"]["fp32"]["median"] > 0
        assert all(0 < times["low"] <= times["median"] <= times["high"] for times in each["decode"].values())
        assert all(share > 0 for share in each["share_of_peak"].values())
        for variant, whole in each["whole"].items():
            prior = each["prior"]["bf16" if variant == "fast bf16" else "fp32"]
            assert whole == prior["median"] + each["decode"][variant]["median"]
    assert Image.open(plot).size[0] > 500


def test_every_variant_decodes_by_the_network_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    model, damaged, ipr = case(PRESETS["tiny"], 16)
    pictures = {}
    passes = {"plain": (DIRformer, "forward"), "fast": (CpuDIRformer, "__call__"), "reference": (Reference, "__call__")}
    for network in passes:
        with monkeypatch.context() as patch:
            for other in (passes[name] for name in passes if name != network):
                patch.setattr(*other, None)
            pictures[network] = Variant(network, "fp32").decoder(model)(damaged, ipr)
    torch.testing.assert_close(pictures["fast"], pictures["plain"], atol=1e-5, rtol=0)
    torch.testing.assert_close(pictures["reference"], pictures["plain"], atol=1e-5, rtol=0)


def test_a_gpu_has_variants_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that a CPU can run, too, are run here: all but the compiled ones, which need a compiler."""
    monkeypatch.setattr(variants, "has_fast_bf16", lambda _: True)
    names = [each.name for each in variants_for(torch.device("cuda"))]
    assert names[:2] == ["reference fp32", "reference tf32"] and "compiled bf16" in names and "fast fp32" not in names
    assert [each.name for each in variants_for(torch.device("mps"))] == ["reference fp32", "plain fp32"]
    model, damaged, ipr = case(PRESETS["tiny"], 16)
    exact = Variant("plain", "fp32").decoder(model)(damaged, ipr)
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    for name in names:
        if not name.startswith(("blocks", "compiled")):
            torch.testing.assert_close(Variant(*name.split()).decoder(model)(damaged, ipr), exact, atol=2e-2, rtol=0)
    assert before == (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
    if not torch.cuda.is_available():
        assert main(["bench", "--device", "cuda"]) == 2
        assert "no CUDA device" in capsys.readouterr().err


@pytest.mark.parametrize("preset", ["inpainting", "sr_x4", "deblur", "compact_sr_x4"])
def test_the_reference_is_the_same_network(preset: str) -> None:
    """Every variant: norms with and without mean, folded stems, all heads. With weights that hide nothing."""
    config = PRESETS[preset]
    model, damaged, ipr = case(config, 2 * config.multiple_of)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    found, wanted = (model.decode(damaged, ipr, w) for w in (Reference(model.unet), None))
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)


def test_a_process_reports_its_own_peak() -> None:
    if not STATUS.exists():
        pytest.skip("no /proc here")
    found = peak_memory("compact_deblur", 32, Variant("fast", "fp32"))
    assert found is not None and 50 < found.at_rest <= found.peak < 2000
    with pytest.raises(RuntimeError, match="KeyError"):
        peak_memory("no such preset", 32, Variant("fast", "fp32"))


@pytest.mark.parametrize(
    ("name", "size", "paint", "encoder"), [("deblur", 256, 117.25, 3.74), ("sr_x4", 64, 40.32, 4.84)]
)
def test_multiplications_are_those_known_of_the_authors_networks(
    name: str, size: int, paint: float, encoder: float
) -> None:
    cost = cost_of(PRESETS[name], size, size)
    assert cost.unet == pytest.approx(paint, rel=2e-3) and cost.encoder == pytest.approx(encoder, rel=2e-3)
    assert cost.diffusion * 1e9 == 4 * (513 * 256 + 256 * 256)
    assert cost_of(PRESETS[name], size, size, steps=1).diffusion * 4 == pytest.approx(cost.diffusion)


@pytest.mark.parametrize("name", PRESETS)
def test_multiplications_are_those_that_torch_counts(name: str) -> None:
    config, (height, width) = PRESETS[name], (64, 96)
    with torch.device("meta"):
        model = DiffIR(config).requires_grad_(False)
        damaged, vector = torch.empty(1, config.in_channels, height, width), torch.empty(1, config.ipr_length)
        seen = torch.empty(1, config.unet_channels, height, width)

    def counted(work: Callable[[], object]) -> float:
        with FlopCounterMode(display=False) as counter:
            work()
        return counter.get_total_flops() / 2 / 1e9

    cost = cost_of(config, height, width, steps=1)
    first = 0.0 if model.shrinkage is None else model.shrinkage.work() * height * width / 1e9
    assert cost.unet == pytest.approx(first + counted(lambda: model.unet(seen, vector)), rel=1e-9)
    assert cost.encoder == pytest.approx(counted(lambda: model.encoder(damaged)), rel=1e-9)
    assert cost.diffusion == pytest.approx(counted(lambda: model.denoiser(vector, 0, vector)), rel=1e-9)


def test_counting_imports_no_compiler() -> None:
    """It takes seconds, and would be paid by a visitor's first run."""
    code = "import sys; from diffir_demo.model.cost import *; from diffir_demo.model import PRESETS\n"
    code += "cost_of(PRESETS['deblur'], 64, 64); print('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_which_networks_are_measured() -> None:
    assert bench.chosen_presets(None, None, False) == [
        "compact_inpaint",
        "compact_clean",
        "compact_sr_x4",
        "compact_deblur",
    ]
    assert bench.chosen_presets(["deblur"], None, True) == ["deblur"]
    assert bench.chosen_presets(None, ["sr_x1", "sr_x1"], False) == ["sr_x1"]
    with pytest.raises(InputError, match="--preset"):
        bench.chosen_presets(["sr"], ["sr_x1"], False)


def test_where_the_time_goes(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(bench.profiles(["tiny"], [32], 1))
    assert [each.variant for each in found] == [w.name for w in variants_for(CPU) if w.network == "fast"]
    for each in found:
        assert sum(each.shares.values()) == pytest.approx(1) and each.seconds > 0
        assert min(each.shares[kind] for kind in ("matrix products", "convolutions", "GELU", "norms")) > 0
    assert main(["bench", "--profile", "--preset", "tiny", "--sizes", "32"]) == 0
    assert "| tiny | 32 x 32 | fast fp32 |" in capsys.readouterr().out
    assert main(["bench", "--profile", "--plot", "x.png"]) == 2
    assert "--profile" in capsys.readouterr().err


def test_a_size_that_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--preset", "tiny", "--sizes", "20"]) == 2
    assert "multiples of 16" in capsys.readouterr().err


def test_whole_runs_of_the_shipped_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = tmp_path / "whole.json"
    assert main(["bench", "--whole", "0.01", "--json", str(numbers)]) == 0
    printed = capsys.readouterr().out
    whole = json.loads(numbers.read_text())["whole"]
    assert [each["task"] for each in whole] == ["inpaint", "clean", "sr", "deblur"]
    assert [each["size"] for each in whole] == [[122, 82], [122, 82], [31, 20], [122, 82]], (
        "of a result of 0.01 megapixels"
    )
    for each in whole:
        assert 0 < each["first"] < each["seconds"] and 0 < each["gap"] < each["seconds"]
        assert 0 < each["between"] < 1
        assert each["peak"] == 0 or 0 < each["at_rest"] <= each["peak"]
        assert f"| {each['task']} | {each['size'][0]} x {each['size'][1]} |" in printed


@pytest.mark.parametrize("wrong", [["0"], ["nan"], ["1", "--paper"], ["1", "--threads", "2"], ["1", "--profile"]])
def test_whole_runs_refuse_what_they_cannot_do(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["bench", "--whole", *wrong])
    except SystemExit as leaving:
        code = leaving.code
    assert code == 2 and "--whole" in capsys.readouterr().err


def test_a_whole_run_that_fails_gets_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--task", "sr", "--whole", "900"]) == 2
    said = capsys.readouterr().err
    assert "sr at 900 megapixels is refused" in said and "200 is the most" in said and "Traceback" not in said


def test_every_method_of_a_task_takes_its_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = tmp_path / "methods.json"
    assert main(["bench", "--task", "clean", "--methods", "0.01", "--rounds", "2", "--json", str(numbers)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(numbers.read_text())["methods"]
    names = [each["method"] for each in found]
    assert names[0].startswith("DiffIR") and {"Non-local means", "Bilateral filter"} <= set(names)
    assert "nothing done" not in names
    for each in found:
        assert each["size"] == [122, 82]
        assert 0 < each["times"]["low"] <= each["times"]["median"] <= each["times"]["high"]
        per_megapixel = each["times"]["median"] / (122 * 82 / 1e6)
        assert f"| clean | {each['method']} | 122 x 82 | {per_megapixel:.2f} |" in printed


def test_methods_and_whole_runs_are_measured_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--methods", "1", "--whole", "1"]) == 2
    assert "one of them" in capsys.readouterr().err
