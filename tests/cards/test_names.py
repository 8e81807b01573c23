"""Names that somebody else chose: readable, set apart, and never mistaken for words of ours."""

import re

import pytest
from hypothesis import given, settings

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.names import mixed_scripts, quoted
from maa_notify.cards.people import display_name
from maa_notify.cards.text import plain, safe
from maa_notify.domain.request import ApprovalRequest, Device, Identity, Target
from maa_notify.domain.tickets import TicketLinks
from tests.cards.judge import URL, Card, alive_in, assert_sound, objects, seen
from tests.support.approval import NOW, approval, changed, created
from tests.support.cards import text
from tests.support.hostile import FORGERIES, TOWERS, texts

CARDS = TeamsCards(URL)
DEVICE = "b2e5d1ef-0002-4d2f-9f00-000000000002"
OPEN, CLOSE = "“", "”"
DEVICES = f"{URL.removesuffix('x')}Microsoft_Intune_Devices/DeviceSettingsMenuBlade/~/overview/mdmDeviceId/"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_person_s_name_cannot_forge_a_field(name: str) -> None:
    """One pair of quotation marks, no dot like that between our fields, and round brackets of ours alone."""
    told = seen(display_name(Identity("user", name, "eve@contoso.com")))

    assert re.fullmatch(r"“[^“”\"·•・･∙⋅()（）]+”( \[letters of [A-Za-z, ]+\])? \(eve@contoso\.com\)", told)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_digest_and_a_story_tell_a_name_as_one_thing(name: str) -> None:
    """Between its marks stands the whole name, so nothing behind it is taken for the approver."""
    request = approval("approved", requestor=Identity("user", name), approver=Identity("user", name))
    digest = seen(text(CARDS.digest([created(request), changed(request)], "ops", NOW)[0]))
    story = seen(text(CARDS.card(changed(request), "ops", NOW)))

    for told in (digest, story):
        assert told.count(OPEN) == told.count(CLOSE) > 0
        assert not re.search(r"· (already )?approved by", told)


@pytest.mark.parametrize(
    "name,shown",
    [
        ("Mira Holt", "“Mira Holt”"),
        ("O'Brien, Zoë (External)", "“O'Brien, Zoë [External]”"),
        ("Gal·la Paral·lel", "“Gal·la Paral·lel”"),
        ("ジョン・スミス", "“ジョン・スミス”"),
        ("山田 太郎", "“山田 太郎”"),
        ("می\u200cخواهم", "“می\u200cخواهم”"),
        ("Мария Иванова", "“Мария Иванова”"),
        ("iPad 山田", "“iPad 山田”"),
        ("a · b", "“a - b”"),
        ("\"x\" «y» ''z''", "“’x’ ’y’ ’z’”"),
        ("Mirа", "“Mirа” [letters of Cyrillic and Latin]"),
        ("Ηelp", "“Ηelp” [letters of Greek and Latin]"),
        ("ᗰIᖇᗩ", "“ᗰIᖇᗩ” [letters of Canadian syllabics and Latin]"),
        ("𐌀dmin", "“𐌀dmin” [letters of Latin and an old alphabet]"),
        ("aаαԱ", "“aаαԱ” [letters of Armenian and Cyrillic and others]"),
        ("Аdmin Team", "“Аdmin Team” [letters of Cyrillic and Latin]"),
        ("", "not told by Intune"),
    ],
)
def test_real_names_stay_and_odd_ones_are_marked(name: str, shown: str) -> None:
    """What looks like our marks is replaced, mixed alphabets are said so, and spelling is left alone."""
    told = seen(display_name(Identity("user", name, "a@contoso.com")))

    assert told == (f"{shown} (a@contoso.com)" if name else "a@contoso.com")


def test_an_object_s_name_keeps_its_brackets() -> None:
    """They are part of what people search for, and stand within quotation marks."""
    assert quoted("Company Portal （x64）", 60) == "“Company Portal (x64)”"


def test_an_account_that_is_not_told_is_said_so() -> None:
    """A name alone proves nothing: two people can have it."""
    assert display_name(Identity("user", "Mira Holt")) == "“Mira Holt” (account not told)"
    assert display_name(Identity("user", "Mira Holt", id=DEVICE)) == "“Mira Holt” (account not told)"
    assert display_name(Identity("user", "Mira", "x) · approved by (y")) == "“Mira” (“x] - approved by [y”)"


@pytest.mark.parametrize(
    "told", ["5CG1) “STORE-9” (5CG9", "5CG1 · Low risk", "5CG1〞 ･ ok", "5CG1（x）", "\u20dd5CG1"]
)
def test_no_device_of_several_forges_another(told: str) -> None:
    """Serial numbers and users stand within our brackets and dots, so they hold none that look like those."""
    device = Device("STORE-1", told, told)
    target = Target("STORE-1", object_type="ManagedDevice", device_count=2, first_devices=(device, device))
    lines = [line for line in seen(text(card_of(target))).splitlines() if line.startswith("“STORE-1”")]

    assert len(lines) == 2
    assert all(re.fullmatch(r"“STORE-1” \([^“”\"()（）·･•]+ · [^“”\"()（）·･•]+\)", line) for line in lines)


def card_of(target: Target) -> Card:
    """A new request about it."""
    return CARDS.card(created(approval(target=target)), "ops", NOW)


def test_a_primary_user_is_no_live_address() -> None:
    """It can be read, and no phone makes a link of it."""
    target = Target("LT-1", primary_user="theo.brandt@contoso.com")
    card = CARDS.card(created(approval(target=target)), "ops", NOW)
    [told] = [each for each in text(card).split("\n") if seen(each) == "theo.brandt@contoso.com"]

    assert alive_in(told) == []


@pytest.mark.parametrize("word", ["می‌خواهم", "ක්‍ෂ", "क्‍ष", "श्री‌मान", "ബന്ധു‌ക്കൾ", "র‍্যাব", "நூல்‌கள்"])
def test_joiners_that_spell_stay(word: str) -> None:
    """Persian, Sinhala, Hindi, Malayalam, Bengali and Tamil words are spelled as they were written."""
    assert seen(safe(word, 50)) == plain(word, 50) == word
    assert alive_in(safe(word, 50)) == []


@pytest.mark.parametrize(
    "made", ["a\u200cb", "ا\u200cb", "ا\u200d ب", "\u200dا", "ا\u200c", "😀\u200d😀", "1\u200c2"]
)
def test_joiners_elsewhere_are_left_out(made: str) -> None:
    """They would only hide a difference between two names."""
    assert not {"\u200c", "\u200d"} & set(safe(made, 50))
    assert "ا\u200cب" in safe("ا\u200c\u200d\u200b\u200cب", 50)


@pytest.mark.parametrize("language", ["مرحبا (5) بالعالم!", "שלום, 3 מחשבים."])
def test_text_from_right_to_left_is_set_apart(language: str) -> None:
    """It takes its own direction, and what stands beside it keeps ours."""
    request = approval(justification=language, target=Target(language), requestor=Identity("user", language))
    told = text(CARDS.card(created(request), "ops", NOW))

    assert told.count("\u2068") == told.count("\u2069") == 3
    assert "italic" not in str(CARDS.card(created(request), "ops", NOW))


@pytest.mark.parametrize("tower", TOWERS.values(), ids=TOWERS)
def test_no_letter_bears_a_tower(tower: str) -> None:
    """Whatever was left out between the marks, their number is counted on."""
    made = safe(tower * 3, 300)

    assert alive_in(made) == []
    assert safe(made, 300) == made


@settings(max_examples=200)
@given(texts)
def test_any_name_stays_between_its_marks(name: str) -> None:
    """However it is written: nothing alive, one pair of marks, and nothing at all for what cannot be seen."""
    told = quoted(name, 60, brackets="[]")

    assert alive_in(told) == []
    if told:
        assert told.startswith(OPEN)
        assert (told.count(OPEN), told.count(CLOSE)) == (1, 1)
        assert told.endswith(CLOSE) or mixed_scripts(plain(name, 60))
        assert not set("()（）•") & set(told)


@settings(max_examples=200)
@given(texts)
def test_plain_text_holds_nothing_that_only_cards_need(name: str) -> None:
    """Search finds what was written: no breaks, no isolates, and the same letters as on the card."""
    assert not {"\u200b", "\u2068", "\u2069"} & set(plain(name, 200))
    assert plain(name, 200) == seen(safe(name, 200))


def buttons(request: ApprovalRequest) -> dict[str, str]:
    """The titles and addresses of a card's buttons."""
    card = CARDS.card(created(request), "ops", NOW)
    assert_sound(card)
    return {each["title"]: each["url"] for each in card["actions"]}


def test_a_device_is_one_click_away() -> None:
    """The address is ours, with nothing in it but a checked id."""
    target = Target("LT-1", object_type="ManagedDevice", device_id=DEVICE, device_count=1)

    assert buttons(approval(target=target)) == {
        "Review in Intune": URL,
        "Device": f"{DEVICES}{DEVICE}",
    }


@pytest.mark.parametrize(
    "request_",
    [
        approval(target=Target("LT-1")),
        approval("completed", target=Target("LT-1", device_id=DEVICE)),
        approval(policy_types=("app",), target=Target("VPN", device_id=DEVICE)),
    ],
    ids=["no id", "closed", "an app"],
)
def test_there_is_no_button_to_what_is_no_device_or_gone(request_: ApprovalRequest) -> None:
    """A dead link helps nobody."""
    assert list(buttons(request_)) == ["Review in Intune"]


def linked(card: Card) -> list[tuple[str, str]]:
    """The runs of a card that lead somewhere, and where."""
    return [(each["text"], each["selectAction"]["url"]) for each in objects(card) if "selectAction" in each]


def test_ticket_numbers_are_links_of_the_operator() -> None:
    """Those of the justification and of the notes, while all other text stays dead."""
    cards = TeamsCards(URL, tickets=TicketLinks("https://tickets.example/{}", r"INC-\d{4,8}"))
    words = "see https://evil.example/INC-20418 and INC-20419"
    request = approval("approved", justification=words, approval_notes="ok, CHG-1 and INC-20420")
    card = cards.card(changed(request), "ops", NOW)

    assert_sound({**card, "msteams": {"width": "full"}})
    assert linked(card) == [
        (number, f"https://tickets.example/{number}") for number in ("INC-20418", "INC-20419", "INC-20420")
    ]
    assert linked(CARDS.card(changed(request), "ops", NOW)) == []
