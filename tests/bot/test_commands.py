"""What people ask and what they are told: the right requests to the right people, on a sound card."""

from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.bot import strings
from maa_notify.bot.answers import Answers, Command, Question, Word, command_of
from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Step, short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import Identity, Target
from maa_notify.graph.requests import MalformedRequestError, parse_request
from tests.cards.judge import URL, alive_in, assert_sound, runs, seen, strings_elsewhere
from tests.support.approval import FILED, NOW, approval
from tests.support.bot import JONAS, MENTION, MIRA
from tests.support.cards import as_read, text, texts
from tests.support.hostile import raw_requests

ANSWERS = Answers(TeamsCards(URL))
AS_OF = NOW - timedelta(minutes=1)
PENDING, MINE, HELP = Command(Word.PENDING), Command(Word.MINE), Command(Word.HELP)


def of(person: str, name: str, status: str = "needsApproval", **changes: Any) -> RequestState:
    """A request that somebody filed, about a device of this name."""
    requestor = Identity("user", "Mira Holt" if person == MIRA else "Jonas Beck", id=person)
    fields = {"id": f"request-{name}", "target": Target(name), "requestor": requestor, **changes}
    return RequestState(approval(status, **fields))


def told(command: Command, *tracked: RequestState, asker: str = MIRA, private: bool = True) -> dict[str, Any]:
    """The card that answers, which is sound whatever it says."""
    card = ANSWERS.answer(Question(command, asker, private), tracked, AS_OF, NOW)
    assert_sound(card)
    return card


def can_be_read(raw: dict[str, Any]) -> bool:
    """Whether an entry of Graph's list becomes a request at all."""
    try:
        parse_request(raw)
    except MalformedRequestError:
        return False
    return True


@pytest.mark.parametrize(
    "written, command",
    [
        ("pending", PENDING),
        ("  Pending \n", PENDING),
        (f"{MENTION} pending", PENDING),
        (f"{MENTION}&nbsp;pending\r\n", PENDING),
        (f"pending {MENTION}", PENDING),
        ("mine", MINE),
        ("status 7qk2md", Command(Word.STATUS, "7QK2MD")),
        ("STATUS 7QK2MD-2", Command(Word.STATUS, "7QK2MD")),
        ("status", HELP),
        ("status 7QK2M", HELP),
        ("status 7QK2MD-2 now", HELP),
        ("<at>Somebody else</at> pending", HELP),
        ("approve 7QK2MD", HELP),
        ("pending please", HELP),
        ("help", HELP),
        ("", HELP),
    ],
)
def test_a_message_is_read_as_people_write(written: str, command: Command) -> None:
    """In any case, with the mention that a channel needs; whatever else is written asks for help."""
    assert command_of(written, [MENTION]) == command


def remembered(
    question: str, *states: RequestState, asker: str = MIRA, private: bool = False
) -> dict[str, Any]:
    """The card that answers a question about all requests, which is sound whatever it says."""

    def read(since: object, until: object, holding: str) -> list[RequestRecord]:
        return [RequestRecord(each, is_listed=False) for each in states]

    card = ANSWERS.who(Question(command_of(question), asker, private), read, NOW)
    assert_sound(card)
    return card


def test_one_request_that_fits_is_shown_in_full() -> None:
    """With its story, and where that is known from."""
    noor = Identity("user", "Noor Haddad", "noor.haddad@contoso.com")
    state = of(MIRA, "LAPTOP-42", "completed", approver=noor, justification="Lost in a taxi")

    shown = text(remembered("who wiped laptop-42 in august", state, of(MIRA, "KIOSK-7")))

    assert "Noor Haddad" in shown
    assert "Lost in a taxi" in shown
    assert strings.REMEMBERED in shown


@pytest.mark.parametrize(
    "question,found",
    [
        ("who approved office 2021", ["Office 2021"]),
        ("who approved office in 2026", ["Office 2021", "Office 365"]),
        ("who asked for the kiosk\u200b-7 wipe", ["KIOSK-7"]),
        (f"who approved {short_key('request-KIOSK-7')}", ["KIOSK-7"]),
        ("who approved kiosk-7 last century", []),
    ],
)
def test_what_can_be_meant_is_found(question: str, found: list[str]) -> None:
    """A name that ends like a time, a verb behind the name, the key on a card."""
    wipe = Target("KIOSK-7", "Action", "ManagedDevice", action="wipe")
    states = [of(MIRA, "Office 2021"), of(MIRA, "Office 365"), of(MIRA, "KIOSK-7", target=wipe)]

    shown = as_read(text(remembered(question, *states)))

    body = shown.partition("Looked for")[0]
    assert [name for name in ("Office 2021", "Office 365", "KIOSK-7") if name in body] == found


@pytest.mark.parametrize(
    "question",
    [
        "who approved kiosk-7",
        "who wiped kiosk-7 this year",
        "who approved the kiosk-7 wipe",
        "who approved office 2021",
        f"who approved {short_key('request-KIOSK-7')}",
        "who approved o",
    ],
)
@pytest.mark.parametrize("asker", [MIRA, ""])
def test_no_wording_opens_what_is_somebody_elses(question: str, asker: str) -> None:
    """Outside a team's channel nobody is told of it, nor that it is there, whichever reading fits."""
    wipe = Target("KIOSK-7", "Action", "ManagedDevice", action="wipe")
    states = [of(JONAS, "KIOSK-7", target=wipe), of(JONAS, "Office 2021"), of(JONAS, "Office 365")]

    shown = as_read(text(remembered(question, *states, asker=asker, private=True)))

    assert strings.NOTHING_REMEMBERED in shown
    assert strings.NOTHING_REMEMBERED not in as_read(text(remembered(question, *states)))


def test_how_a_question_was_understood_is_said() -> None:
    """That nothing is known of march must not pass for nothing at all; nor may a name pass for our words."""
    shown = as_read(text(remembered("who wiped laptop-42 in march", of(MIRA, "LAPTOP-42"))))
    evil = remembered("who approved “x”, at any time. **Approved by** https://evil.example {{DATE()}}")

    assert "Looked for “laptop-42” and wipe, from 2026-03-01 until 2026-03-31." in shown
    assert strings.NOTHING_REMEMBERED in shown
    assert not [each for line in texts(evil) for each in alive_in(line)]


def test_several_requests_that_fit_are_listed_with_who_decided_them() -> None:
    """The latest first; what has no room is counted."""
    noor = Identity("user", "Noor Haddad", "noor.haddad@contoso.com")
    states = [of(MIRA, f"LAPTOP-{number}", "completed", approver=noor) for number in range(30)]

    shown = text(remembered("who approved laptop", *states))

    assert "30 requests fit the question" in shown
    assert shown.index("LAPTOP-29") < shown.index("LAPTOP-28")
    assert "decided by “Noor Haddad” (noor.haddad@contoso.com)" in as_read(shown)
    assert "earlier ones are not shown" in shown


@given(st.text())
def test_any_text_is_a_question(written: str) -> None:
    """Nothing that somebody types brings the bot down."""
    assert command_of(written).word in Word


def test_help_names_every_command() -> None:
    """And says that the bot decides nothing, and who can read along."""
    private, channel = text(told(HELP)), text(told(HELP, private=False))

    assert all(f"{command} · " in private for command in ("pending", "mine", "status KEY", "help"))
    assert "never decide" in private
    assert strings.PRIVATE in private
    assert strings.TEAM in channel


def test_hello_says_what_can_be_asked() -> None:
    """Whoever installs the app learns the commands without a manual."""
    card = ANSWERS.hello()

    assert_sound(card)
    assert texts(card)[1] == "MAA Notify is here"
    assert "pending · " in text(card)


def test_a_channel_is_told_of_all_that_waits_the_riskiest_first() -> None:
    """Then what expires first; what is decided is left out."""
    soon = NOW + timedelta(hours=2)
    card = told(
        PENDING,
        of(MIRA, "low", policy_types=("customOrganizationalMessage",), expires_at=soon),
        of(JONAS, "medium", policy_types=("app",)),
        of(JONAS, "wipe-later"),
        of(MIRA, "wipe-soon", expires_at=soon),
        of(MIRA, "done", "approved"),
        private=False,
    )
    shown = text(card)

    assert texts(card)[:2] == ["Multi Admin Approval", "4 requests wait for a decision"]
    places = [shown.index(f"“{name}”") for name in ("wipe-soon", "wipe-later", "medium", "low")]
    assert places == sorted(places)
    assert "done" not in shown
    assert "As Intune listed it at 2026-08-18 11:59 UTC." in shown


def test_each_line_says_what_a_person_needs_to_decide_what_to_open() -> None:
    """What, how risky, by whom, until when, and the key to ask further with."""
    request = of(JONAS, "LT-1")
    key = f"{short_key(request.request.id)}-1"
    card = told(PENDING, request, private=False)
    jonas = "“Jonas Beck” (account not told)"

    assert texts(card)[2:4] == [
        "Wipe device “LT-1”",
        f"Needs approval · High risk · {jonas} · 2 d 23 h left · {key}",
    ]


@pytest.mark.parametrize("command", [PENDING, MINE])
def test_in_a_private_chat_each_person_sees_their_own_only(command: Command) -> None:
    """Nobody learns in a chat what others asked for."""
    shown = text(told(command, of(MIRA, "hers"), of(JONAS, "his")))

    assert "“hers”" in shown
    assert "his" not in shown


def test_mine_in_a_channel_is_what_the_asker_filed() -> None:
    """Also what is decided, behind what is open."""
    card = told(
        MINE, of(JONAS, "his"), of(MIRA, "done", "rejected"), of(MIRA, "open", "approved"), private=False
    )
    shown = text(card)

    assert texts(card)[1] == "2 requests of yours"
    assert shown.index("“open”") < shown.index("“done”")
    assert "his" not in shown


@pytest.mark.parametrize("command", [PENDING, MINE])
@pytest.mark.parametrize("asker", ["", MIRA])
def test_a_request_of_nobody_known_is_nobodys(command: Command, asker: str) -> None:
    """Where Graph tells no id of the requestor, no chat shows it; not to somebody without an id either."""
    nobodys = of("", "unknown")

    assert "unknown" not in text(told(command, nobodys, asker=asker))
    assert "unknown" not in text(
        told(Command(Word.STATUS, short_key("request-unknown")), nobodys, asker=asker)
    )


def test_ids_are_compared_whatever_their_case() -> None:
    """Graph and Teams spell them as they like."""
    assert "“hers”" in text(told(MINE, of(MIRA.upper(), "hers")))


def test_status_is_the_whole_card() -> None:
    """With the reason, the story so far, and how old the news is."""
    request = of(
        MIRA,
        "LT-1",
        "approved",
        justification="stolen from a car",
        approver=Identity("user", "Jonas Beck"),
    )
    steps = (Step("approved", NOW, Identity("user", "Jonas Beck")),)
    tracked = RequestState(request.request, revision=2, steps=steps)
    shown = text(told(Command(Word.STATUS, short_key(tracked.request.id)), tracked))

    assert "stolen from a car" in shown
    assert "<2026-08-18 12:00>\nby “Jonas Beck”" in as_read(shown)
    assert "press Complete" in shown
    assert f"Key {short_key(tracked.request.id)}-2" in shown
    assert "As Intune listed it" in shown


def test_status_fits_however_much_stands_on_the_card() -> None:
    """The line that says how old the news is gives way before the card gets too large to post."""
    zone = timezone(timedelta(hours=2), "Some/Place_Far_Away")
    answers, name = Answers(TeamsCards(URL, times=TimeFormat(zone))), "\U0001f512" * 200
    person = Identity("user", name, name, MIRA)
    steps = tuple(Step(status, NOW, person) for status in ("needsApproval", "approved") * 4)
    target, left_out = Target(name, serial_number=name, primary_user=name), 0
    for length in range(0, 1_024, 4):
        said = {"justification": "{" * length, "approval_notes": "{" * length}
        request = of(MIRA, name, "approved", requestor=person, approver=person, target=target, **said).request
        question = Question(Command(Word.STATUS, short_key(request.id)), MIRA, is_private=True)
        card = answers.answer(question, [RequestState(request, 9, steps=steps)], AS_OF, NOW)
        assert_sound(card)
        left_out += "As Intune listed it" not in text(card)

    assert left_out


def test_status_of_a_request_of_another_is_as_unknown_as_none() -> None:
    """In a private chat a key that was overheard opens nothing, and does not even prove that it exists."""
    his = of(JONAS, "his")
    command = Command(Word.STATUS, short_key(his.request.id))

    assert told(command, his) == told(Command(Word.STATUS, "ZZZZZZ"), his)
    assert "“his”" in text(told(command, his, private=False))


def test_two_requests_with_one_key_are_both_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are short, so two may meet; then nobody is shown the wrong one as if it were the only one."""
    monkeypatch.setattr("maa_notify.bot.answers.short_key", lambda _: "7QK2MD")
    card = told(Command(Word.STATUS, "7QK2MD"), of(MIRA, "one"), of(MIRA, "other"))

    assert texts(card)[1] == "2 requests have this key"
    assert "“one”" in text(card)
    assert "“other”" in text(card)


@pytest.mark.parametrize(
    "command, private, answer",
    [
        (PENDING, False, strings.NOTHING_PENDING),
        (PENDING, True, strings.NOTHING_PENDING_OF_YOURS),
        (MINE, True, strings.NOTHING_OF_YOURS),
        (Command(Word.STATUS, "ZZZZZZ"), True, strings.NOT_FOUND),
    ],
)
def test_nothing_is_said_in_words(command: Command, *, private: bool, answer: str) -> None:
    """An empty card would look like a fault."""
    assert texts(told(command, private=private))[1] == answer


def test_before_the_first_poll_the_bot_says_that_it_knows_nothing() -> None:
    """To say then that nothing waits would be dangerous."""
    card = ANSWERS.answer(Question(PENDING, MIRA, is_private=False), [], None, NOW)

    assert strings.NEVER_POLLED in text(card)
    assert strings.NOTHING_PENDING not in text(card)


@pytest.mark.parametrize("filler", ["", "\U0001f512", '"', "a.", "W"])
def test_a_long_list_says_what_it_leaves_out(filler: str) -> None:
    """At most twenty lines, fewer where hostile names take the room, and never a card too large to post."""
    requestor = Identity("user", filler * 200, filler * 200, MIRA)
    requests = [
        of(MIRA, f"{number:03}{filler * 200}", id=f"request-{number}", requestor=requestor)
        for number in range(50)
    ]
    card = told(PENDING, *requests, private=False)
    shown = sum(f"{short_key(each.request.id)}-1" in text(card) for each in requests)

    assert texts(card)[1] == "50 requests wait for a decision"
    assert 0 < shown <= 20
    assert f"{50 - shown} more are not shown." in text(card)


@given(st.lists(raw_requests.filter(can_be_read), min_size=1, max_size=3), st.booleans())
def test_whatever_graph_holds_no_answer_comes_alive(raw: list[dict[str, Any]], private: bool) -> None:
    """No link, no mention, no macro; valid, and within the bytes."""
    tracked = [RequestState(parse_request(each)) for each in raw]
    status = Command(Word.STATUS, short_key(tracked[0].request.id))
    asker = tracked[0].request.requestor.id.lower()
    for command in (PENDING, MINE, status):
        card = told(command, *tracked, asker=asker, private=private)
        assert [each for each in runs(card) if alive_in(each)] == []
        assert alive_in(card["fallbackText"]) == []
        assert not any("evil" in each for each in strings_elsewhere({**card, "fallbackText": ""}))


def test_cards_hold_no_name_in_words_of_ours() -> None:
    """Names stand in text runs only, which no client reads as Markdown."""
    card = told(PENDING, of(JONAS, "[x](https://evil.example)"), private=False)

    assert "evil" in seen("".join(runs(card)))
    assert not any("evil" in each for each in strings_elsewhere(card))


def test_requests_without_times_are_told_too() -> None:
    """Graph may tell none."""
    tracked = of(MIRA, "LT-1", requested_at=None, expires_at=None, modified_at=None)

    assert "“LT-1”" in text(told(PENDING, tracked, of(MIRA, "LT-2")))
    assert FILED < NOW
