"""The gallery in docs/cards: no picture is missing, left over, touched, or older than its card."""

import hashlib
import struct

import pytest

from maa_notify.cards.samples import CATALOGUE
from maa_notify.rendering.gallery import FOLDER, INDEX, MANIFEST, WIDTHS, Picture, index, made_from, pictures
from maa_notify.rendering.gallery import read_manifest as manifest

MEND = "run `make previews` and commit docs/cards"
LARGEST = 100_000

every_picture = pytest.mark.parametrize("picture", list(pictures()), ids=lambda picture: picture.file)


@pytest.fixture(autouse=True)
def gallery() -> None:
    """Say what to do when there is no gallery at all."""
    assert (FOLDER / MANIFEST).is_file(), f"docs/cards has no {MANIFEST}: {MEND}"


@every_picture
def test_a_picture_shows_the_card_of_today(picture: Picture) -> None:
    """Whoever looks at the gallery sees what Teams would be sent now."""
    known = manifest().get(picture.file)

    assert known is not None, f"{picture.file} is not in the manifest: {MEND}"
    assert known.made_from == made_from(picture), f"{picture.file} is older than its card: {MEND}"


@every_picture
def test_a_picture_is_the_one_that_was_drawn(picture: Picture) -> None:
    """No picture was drawn by other means, and none is cut off or slow to load."""
    file = FOLDER / picture.file
    assert file.is_file(), f"{picture.file} is missing: {MEND}"
    data = file.read_bytes()

    assert hashlib.sha256(data).hexdigest() == manifest()[picture.file].picture, (
        f"{picture.file} was changed: {MEND}"
    )
    assert struct.unpack(">I", data[16:20]) == (WIDTHS[picture.device],)
    assert len(data) < LARGEST


def test_no_picture_is_left_over() -> None:
    """A card that is no more has no picture either."""
    wanted = {picture.file for picture in pictures()}

    assert {path.name for path in FOLDER.glob("*.png")} - wanted == set(), MEND
    assert set(manifest()) - wanted == set(), MEND


def test_the_page_is_the_one_of_today() -> None:
    """Each card has its heading, its sentence and its four pictures."""
    page = (FOLDER / INDEX).read_text(encoding="utf-8")

    assert page == index(), f"docs/cards/{INDEX} is out of date: {MEND}"
    assert all(f"]({picture.file})" in page for picture in pictures())


def test_no_two_samples_share_a_name_or_a_card() -> None:
    """Each entry of the catalogue is worth its pictures."""
    cards = [str(Picture(sample, "light", "phone").card) for sample in CATALOGUE]

    assert len({sample.name for sample in CATALOGUE}) == len(set(cards)) == len(CATALOGUE)
