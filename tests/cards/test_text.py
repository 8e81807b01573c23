"""Somebody else's text: readable, on one line, and with nothing alive in it."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maa_notify.cards.text import BREAK, ELLIPSIS, safe, safe_account
from tests.cards.judge import alive_in, seen
from tests.support.hostile import FRAGMENTS, texts


@pytest.mark.parametrize(
    "text",
    [
        "[Click here](https://evil.example/x)",
        "https://evil.example",
        "HTTPS://evil.example",
        "see https://evil.example, please",
        "www.evil.example",
        "evil.example/login?x=1",
        "evil.example.",
        "9evil.example",
        "evil-.example",
        "xn--e1afmkfd.xn--p1ai",
        "münchen.example",
        "例え。テスト",
        "evil．example",
        "evil｡example",
        "हिन्दी.भारत",
        "evi\u0323\u0301.example",
        "10.0.0.1",
        "1.2.3.4.5.6",
        "javascript:alert(1)",
        "JavaScript:0",
        "data:text/html;x",
        "mailto:a@evil.example",
        "tel:112",
        "tel:+1800",
        "sms:1",
        "ms-settings:privacy",
        "a@evil.example",
        "a＠evil",
        "x\u200b://evil",
        "evil.\u200bexample",
        "<at>all</at>",
        "<AT>all</AT>",
        "< at >all< / at >",
        "<at id='1'>x",
        "<\u200bat>all",
        "&lt;at&gt;",
        "&#60;at&#62;",
        "{{DATE(2026-01-01T00:00:00Z, SHORT)}}",
        "{\u200b{TIME()}}",
        "{{{{{{",
        "${x}",
        "\u202egnp.exe",
        "\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
        "\x00\x07\x1b[31m\x9b",
        "a\u200bb\u200c\u200d\u2060\ufeff\u00ad",
        "hidden \U000e0041\U000e0042\U000e007f",
        "variation \ufe0f\U000e0100",
        "zalgo " + "a" + "\u0301\u0302\u0303\u0304\u0305" * 9,
        "\ue000\uf8ff\U000f0000\U0010fffd",
        "filler \u3164\u115f\u1160\uffa0\u2800",
        "lone \ud800 \udfff",
        "not a character \ufffe\uffff\ufdd0",
    ],
    ids=ascii,
)
def test_nothing_survives_alive(text: str) -> None:
    """On the screen of the person who approves, a requestor's text is text and nothing else."""
    assert alive_in(safe(text, 200)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Laptop left in a taxi, ticket INC-20418",
        "مرحبا بالعالم، الرجاء الموافقة",
        "请批准：设备已丢失，谢谢",
        "naïve café, Zoë Þór Łukasz",
        "Привет, мир",
        "हिन्दी में नाम",
        "שלום",
        "ไทยที่นี่",
        "at 10:30, 5 > 3, x < 7, C: drive, 50%",
        "100.5 or 1,000.00 or 3.14",
        "**bold** _it_ [x] (y) #1 & co",
        "{one} brace",
        "👍🏽 done",
        "བསྒྲུབས་ རྒྱུད་",
        "ស្ត្រី កម្ពុជា",
        "कार्त्स्न्य",
        "အင်္ဂလိပ်",
        "င်္က်",
        "גְּרָם",
        "שַׁבָּת שִּׁבֹּלֶת",
        "مُحَمَّد",
    ],
)
def test_readable_text_stays_as_it_is(text: str) -> None:
    """Whoever writes Arabic, Chinese or with accents is shown as they wrote."""
    assert seen(safe(text, 200)) == text
    assert alive_in(safe(text, 200)) == []


@pytest.mark.parametrize(
    "text,shown",
    [
        ("see https://evil.example/x", "see https://evil.example/x"),
        ("a@evil.example", "a@evil.example"),
        ("<at>all</at>", "<at>all</at>"),
        ("请批准：设备已丢失。谢谢", "请批准：设备已丢失。谢谢"),
        ("two\nlines\r\n\tand\u2028more", "two lines and more"),
        ("  blanks   everywhere ", "blanks everywhere"),
        ("\u202eabc\u202c", "abc"),
        ("cafe\u0301", "café"),
        ("e\u0301\u0302\u0303\u0304\u0305x", "é\u0302\u0303x"),
    ],
)
def test_what_is_defused_can_still_be_read(text: str, shown: str) -> None:
    """An approver sees what was written, an address included; only nothing happens on a click."""
    assert seen(safe(text, 200)) == shown


@pytest.mark.parametrize(
    "text,limit,shown",
    [
        ("short", 5, "short"),
        ("sixsix", 5, "sixs…"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("one " + "x" * 60, 40, "one " + "x" * 35 + "…"),
        ("设备已丢失请批准", 5, "设备已丢…"),
        ("abcde\u0328\u0301f", 6, "abcd…"),
        ("कि" * 4, 4, "कि…"),
        ("abc👍🏽👍🏽", 5, "abc…"),
        ("a b", 1, "…"),
    ],
)
def test_long_text_is_cut_between_words(text: str, limit: int, shown: str) -> None:
    """A cut shows as one, falls between words where it can, and never tears accents off a letter."""
    assert safe(text, limit) == shown


@pytest.mark.parametrize(
    "tower,shown",
    [
        ("ក" + "\u17d2ក" * 5, "ក\u17d2ក\u17d2ក" * 2),
        ("ཀ" + "\u0f92\u0f92\u0fab\u0fb7", "ཀ\u0f92\u0fab"),
        ("ཊ" + "\u0fb1\u0fad\u0f71\u0f79", "ཊ\u0fb1\u0fad"),
        ("𑨎𑩇𑨎x", "□□□x"),
        ("ש\u0592\u05c1\u05b8", "ש\u05b8\u05c1"),
        ("א\u05b0\u05b7\u05bb", "א\u05b0"),
        ("x\u0fab\u0e31\u0301", "x\u0301"),
        ("ب\u06d6\u064e\u0651\u0670", "ب\u064e\u0651"),
    ],
    ids=["Khmer", "Tibetan", "low", "historic", "recited", "vowels", "of another script", "Arabic"],
)
def test_letters_and_marks_do_not_pile_up(tower: str, shown: str) -> None:
    """A letter holds as many letters and marks below and above as words need, so it stays in its line."""
    assert seen(safe(tower, 80)) == shown


@pytest.mark.parametrize(
    "text", ["\u20ddLT-1", " \u0338\u0489LT-1", "\u200b\u0301LT-1", "\n\u0e31LT-1"], ids=ascii
)
def test_no_mark_stands_on_a_character_of_ours(text: str) -> None:
    """What is quoted begins with a letter of its own: a mark would strike out our quotation mark."""
    assert safe(text, 80) == "LT-1"


@settings(max_examples=300)
@given(texts, st.integers(1, 80))
def test_any_text_is_dead_and_bounded(text: str, limit: int) -> None:
    """Whatever is written: nothing alive, no longer than agreed, one break a character and two isolates."""
    made = safe(text, limit)

    assert alive_in(made) == []
    assert len(seen(made)) <= limit
    assert len(made) <= limit * 2 + 2
    assert made.encode("utf-8").decode("utf-8") == made
    assert "\n" not in made
    assert made == made.strip()


@settings(max_examples=150)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4), st.integers(2, 30))
def test_a_cut_brings_nothing_to_life(fragments: list[str], limit: int) -> None:
    """The cut comes first, so that it cannot take a break away again."""
    made = safe("".join(fragments), limit)

    assert alive_in(made) == []
    assert BREAK not in made[-1:]


@settings(max_examples=150)
@given(texts)
def test_safe_text_is_safe_to_make_safe_again(text: str) -> None:
    """Text that passes twice, as some does, reads the same."""
    once = safe(text, 200)

    assert safe(once, 200) == once


@settings(max_examples=150)
@given(st.text(alphabet=st.characters(categories=["L", "M", "Zs"]), max_size=60), st.integers(1, 40))
def test_a_cut_tears_no_mark_off_its_letter(text: str, limit: int) -> None:
    """The letter before the ellipsis has all its marks, or is gone with them."""
    whole, made = safe(text, 500), safe(text, limit)
    if made in {whole, ELLIPSIS}:
        return

    following = whole[len(made) - 1]

    assert not unicodedata.category(following).startswith("M")


@pytest.mark.parametrize(
    "upn", ["mira.holt@contoso.com", "a_b+c'd-e@sub.contoso.example", "x@y.onmicrosoft.com"]
)
def test_an_account_can_be_copied(upn: str) -> None:
    """A plain user principal name holds no invisible breaks, so that a copy of it works elsewhere."""
    assert safe_account(upn) == upn


@pytest.mark.parametrize(
    "upn",
    [
        "",
        "https://evil.example/@contoso.com",
        "javascript:x@contoso.com",
        "a@b@contoso.com",
        "a@contoso",
        "a@contoso.com/path",
        "a b@contoso.com",
        "a..b@contoso.com",
        "a@contoso.com\n",
        "ä@contoso.com",
        "<at>all</at>@contoso.com",
        "a@evil。com",
        "x" * 119 + "@contoso.com",
    ],
)
def test_what_only_resembles_an_account_is_defused(upn: str) -> None:
    """Anything but the exact form of an account is treated as any other text."""
    assert alive_in(safe_account(upn)) == []
