"""Weights on the Hub, which the tests play: fetched by address, offline in one sentence, named in recipes, pushed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from huggingface_hub import HfApi, ModelCard, errors
from PIL import Image

import diffir_demo
from diffir_demo.errors import InputError, WeightsError
from diffir_demo.imaging import save_picture
from diffir_demo.recipe import Recipe, find_recipe
from diffir_demo.tasks import TASKS
from diffir_demo.ui.state import AppState
from diffir_demo.weights import inspect, save
from diffir_demo.weights.card import card
from diffir_demo.weights.hub import HubFile, fetched, parsed
from tests.factories import photo, tiny_weights
from tests.test_cli import run
from tests.tiny import network

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = "hf://ada/photos/nets/mine.safetensors"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A Hub with one file, laid out in a cache as the real one is; `wrong` is raised instead."""
    place = tmp_path / "hub" / "models--ada--photos" / "snapshots" / COMMIT / "nets" / "mine.safetensors"
    place.parent.mkdir(parents=True)
    save(place, network("clean", seed=5), task="clean", provenance="untrained", name="mine")
    found = SimpleNamespace(place=place, asked=[], wrong=None)

    def download(repo: str, file: str, revision: str | None = None) -> str:
        found.asked.append((repo, file, revision))
        if found.wrong:
            raise found.wrong
        return str(place)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tiny_weights(tmp_path / "checkpoints")))
    return found


# ---- addresses ----


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hf://a/b/c.pth", HubFile("a/b", "c.pth")),
        ("hf://a/b@v1.0/x/c.pth", HubFile("a/b", "x/c.pth", "v1.0")),
        (Path("hf://a-1/b_2@main/c.pth"), HubFile("a-1/b_2", "c.pth", "main")),
    ],
)
def test_addresses(text: str, meant: HubFile) -> None:
    assert parsed(text) == meant and parsed(str(meant)) == meant


@pytest.mark.parametrize(
    "text",
    ["hf://", "hf://a", "hf://a/b", "hf://a/b/", "hf://a/b/../c", "hf://a b/c/d", "hf://a/b/c?x=1", "hf:///etc/x"],
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(WeightsError, match="names no file on the Hub"):
        parsed(text)


def test_files_of_this_machine_stay_what_they_are(hub: SimpleNamespace, tmp_path: Path) -> None:
    assert fetched(tmp_path / "x.pth") == (tmp_path / "x.pth", "") and not hub.asked
    assert inspect(hub.place).source == f"hf://ada/photos@{COMMIT}/nets/mine.safetensors", "the cache says whose it is"


# ---- fetching ----


def test_the_library_and_the_command_line_take_addresses(hub: SimpleNamespace, tmp_path: Path) -> None:
    model = diffir_demo.load(ADDRESS)
    assert model.task.key == "clean" and model.info.source == f"hf://ada/photos@{COMMIT}/nets/mine.safetensors"
    save_picture(photo(), tmp_path / "a.png")
    ask = ["restore", "clean", tmp_path / "a.png", "--precision", "fp32", "-o"]
    assert run(*ask, tmp_path / "b.png", "--weights", "hf://ada/photos@v2/nets/mine.safetensors") == 0
    assert hub.asked[-1] == ("ada/photos", "nets/mine.safetensors", "v2")
    recipe = find_recipe(tmp_path / "b.png")
    assert recipe is not None and recipe.weights is not None
    assert recipe.weights.source == f"hf://ada/photos@{COMMIT}/nets/mine.safetensors"
    assert json.loads(recipe.to_json())["diffir_recipe"] == 5 and Recipe.from_json(recipe.to_json()) == recipe
    assert run(*ask, tmp_path / "c.png", "--recipe", tmp_path / "b.png") == 0
    assert hub.asked[-1][2] == COMMIT, "the recipe leads to the very same file"
    first, again = (np.asarray(Image.open(tmp_path / name)) for name in ("b.png", "c.png"))
    assert np.array_equal(first, again)


def test_a_recipe_takes_no_other_file_for_its_own(hub: SimpleNamespace, tmp_path: Path) -> None:
    made = diffir_demo.load(ADDRESS).restore(photo()).recipe("a.png")
    assert made is not None
    save(hub.place, network("clean", seed=6), task="clean", provenance="untrained", name="mine")
    with pytest.raises(WeightsError, match="is not the file that the recipe was made with"):
        made.find_weights()
    fields = json.loads(made.to_json())
    fields["weights"]["source"] = "hf://../x"
    with pytest.raises(InputError, match="source"):
        Recipe.from_fields(fields)


def test_the_app_offers_what_it_was_started_with(hub: SimpleNamespace) -> None:
    state = AppState("cpu", "fp32", weights=[ADDRESS])
    offered = state.weights_for(TASKS["clean"])
    assert [each.title for each in offered][-1] == "mine" or "mine" in offered[-1].label
    path = offered[-1].path
    assert path == str(hub.place) and state.model(TASKS["clean"], path).info.source.startswith("hf://ada/photos@")
    with pytest.raises(WeightsError):
        AppState("cpu", "fp32", weights=["hf://nonsense"])


def answer(status: int) -> Any:
    return httpx.Response(status, request=httpx.Request("GET", "http://hub.test"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (errors.LocalEntryNotFoundError("offline"), "was not fetched before, and the Hub cannot be reached."),
        (errors.OfflineModeIsEnabled("offline"), "the Hub cannot be reached."),
        (ConnectionError("no route"), "the Hub cannot be reached."),
        (errors.EntryNotFoundError("x"), "ada/photos has no file 'nets/mine.safetensors'."),
        (errors.RepositoryNotFoundError("x", response=answer(404)), "There is no repository ada/photos"),
        (errors.RevisionNotFoundError("x", response=answer(404)), "has no revision"),
        (errors.GatedRepoError("x", response=answer(403)), "asks who wants its files."),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    hub: SimpleNamespace, wrong: Exception, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.wrong = wrong
    save_picture(photo(), tmp_path / "a.png")
    assert run("restore", "clean", tmp_path / "a.png", "-o", tmp_path / "b.png", "--weights", ADDRESS) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1 and not (tmp_path / "b.png").exists()


# ---- pushing ----


def test_the_card_says_what_was_measured(tmp_path: Path) -> None:
    """Of the shipped network for cleaning up, every score of docs/quality.json and no other number."""
    weights, measured = ROOT / "checkpoints" / "compact-clean.safetensors", ROOT / "docs" / "quality.json"
    assert run("push", weights, "ada/photos", "--dry-run", tmp_path / "card.md") == 0
    found: Any = ModelCard.load(tmp_path / "card.md")
    sets = [each for each in json.loads(measured.read_text())["sets"] if each["task"] == "clean"]
    own = {each["set"]: next(row for row in each["rows"] if row["method"] == "DiffIR compact-clean") for each in sets}
    results = found.data.eval_results or []
    assert len(results) == sum(len(row["scores"]) for row in own.values()) > 6
    for each in results:
        name = re.search(r"Kodak24, ([^,]+),", each.dataset_name)
        assert name and each.metric_value == round(own[name[1]]["scores"][each.metric_type], 4)
    assert found.data.license == "apache-2.0" and "denoising" in (found.data.tags or [])
    assert inspect(weights).sha256 in found.text and "hf://ada/photos/compact-clean.safetensors" in found.text
    assert yaml.safe_load((tmp_path / "card.md").read_text().split("---")[1])["model-index"]


def test_what_was_not_measured_has_no_results(hub: SimpleNamespace) -> None:
    text = card(inspect(hub.place), "ada/photos", "mine.safetensors", ROOT / "docs" / "quality.json")
    assert "model-index" not in text and "Not measured yet." in text
    with pytest.raises(InputError, match="holds no measurements"):
        card(inspect(hub.place), "ada/photos", "mine.safetensors", ROOT / "README.md")


def test_push_uploads_weights_and_card(
    hub: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uploaded: dict[str, Any] = {}

    def create(self: Any, repo_id: str, **options: Any) -> None:
        uploaded["repo"] = repo_id, options["private"]

    def upload(self: Any, *, path_or_fileobj: Any, path_in_repo: str, repo_id: str) -> None:
        uploaded[path_in_repo] = path_or_fileobj if isinstance(path_or_fileobj, bytes) else path_or_fileobj.read_bytes()

    monkeypatch.setattr(HfApi, "create_repo", create)
    monkeypatch.setattr(HfApi, "upload_file", upload)
    assert run("push", hub.place, "ada/photos", "--private") == 0
    assert uploaded["repo"] == ("ada/photos", True) and uploaded["mine.safetensors"] == hub.place.read_bytes()
    assert b"hf://ada/photos/mine.safetensors" in uploaded["README.md"]
    assert "hf://ada/photos/mine.safetensors is there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (errors.LocalTokenNotFoundError("x"), "Log in first"),
        (errors.HfHubHTTPError("x", response=answer(403)), "You may not write to ada/photos."),
        (errors.HfHubHTTPError("x", response=answer(500)), "refused the upload (status 500)"),
        (ConnectionError("x"), "cannot be reached"),
    ],
)
def test_what_goes_wrong_while_pushing_is_one_sentence(
    hub: SimpleNamespace,
    wrong: Exception,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise wrong

    monkeypatch.setattr(HfApi, "create_repo", refuse)
    assert run("push", hub.place, "ada/photos") == 2
    assert sentence in capsys.readouterr().err
    shutil.copy(hub.place, other := hub.place.with_suffix(".pth"))
    assert run("push", other, "ada/photos") == 2 and "only those are published" in capsys.readouterr().err
