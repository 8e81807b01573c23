"""The table of all settings, and the parsers that its rows are made of.

Whoever adds a setting adds one row to `SETTINGS`, a field to `model.Settings`, and a section to
`docs/settings.md`; every list of names follows from the table.

A parser takes the text of a setting, cleaned and not empty, and returns its value. What is wrong it says in a
`ValueError`, as the rest of a sentence that begins with the setting's name, and without the text itself where
that may be a secret.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.reminders import Plan, parse_plan
from maa_notify.domain.request import GUID
from maa_notify.domain.tickets import expression_of
from maa_notify.identity.clouds import CLOUDS
from maa_notify.identity.secret import Secret
from maa_notify.insight.weekly import parse_weekly
from maa_notify.settings.allowed import watch_allow
from maa_notify.settings.hosts import ALLOW_HOSTS, allowed_hosts
from maa_notify.settings.model import StateAddress
from maa_notify.settings.posture import acceptances, limits
from maa_notify.settings.schedule import normalised
from maa_notify.settings.startup import (
    COMMANDS,
    DEFAULT_SCHEDULE,
    LOG_FORMAT,
    LOG_FORMATS,
    POLL_SCHEDULE,
    TENANTS,
)
from maa_notify.settings.validation import (
    did_you_mean,
    is_header_safe,
    problem_of_origin,
    problem_of_url,
    problem_of_webhook,
    read_json_list,
)
from maa_notify.settings.zones import quiet_hours, time_zone

_Value = TypeVar("_Value")

_SQLITE = "sqlite:///"
_GUID_FORM = "a GUID: 32 digits from 0 to f in groups of 8, 4, 4, 4 and 12, with hyphens and no braces"
_FEW = 2
_LONGEST_LINK = 300
_LONGEST_NAME = 60
_DEVELOPMENT = "UseDevelopmentStorage=true"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_TENANT = re.compile(rf"(?=.{{1,128}}$){_LABEL}(?:\.{_LABEL})*")
_LIKE_A_GUID = re.compile("[0-9a-foil]{8}-[0-9a-foil]{4}(?:-.*)?", re.IGNORECASE)
_NO_TENANT = frozenset({"common", "organizations", "consumers"})


def matching(pattern: str, form: str) -> Callable[[str], str]:
    """A parser of texts that match a pattern; `form` describes the pattern in error messages."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {form}")
        return text

    return parse


def word_of(values: Mapping[str, _Value]) -> Callable[[str], _Value]:
    """A parser of one word out of the keys, in upper or lower case; it returns the word's value."""

    def parse(text: str) -> _Value:
        if text.lower() not in values:
            raise ValueError(f"must be one of {', '.join(values)}{did_you_mean(text, values)}")
        return values[text.lower()]

    return parse


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers, both ends included."""

    def parse(text: str) -> int:
        if not (re.fullmatch("[0-9]{1,5}", text) and lowest <= int(text) <= highest):
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(text)

    return parse


def span_between(lowest: timedelta, highest: timedelta, form: str) -> Callable[[str], timedelta]:
    """A parser of a length of time such as `90m`, both ends included; `form` tells them in error messages."""

    def parse(text: str) -> timedelta:
        try:
            [stage] = parse_plan(text)
        except ValueError:
            stage = None
        if stage is None or stage.span is None or not lowest <= stage.span <= highest:
            raise ValueError(f"must be a time {form}: a whole number with m, h or d, such as 1h")
        return stage.span

    return parse


def flag(text: str) -> bool:
    """Parses `true` or `false`."""
    if text.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.lower() == "true"


def guid(text: str) -> str:
    """A client id, in lower case."""
    if not GUID.fullmatch(text):
        raise ValueError(f"must be {_GUID_FORM}")
    return text.lower()


def tenant(text: str) -> str:
    """A tenant's id or one of its domain names, in lower case."""
    if not GUID.fullmatch(text) and _is_almost_guid(text):
        raise ValueError(f"is almost a tenant id: it must be {_GUID_FORM}, as on Entra's overview page")
    if text.lower() in _NO_TENANT or not _TENANT.fullmatch(text):
        raise ValueError("must be one tenant's id (a GUID) or its domain name")
    return text.lower()


def _is_almost_guid(text: str) -> bool:
    """Whether a text is probably a mistyped or shortened GUID: such a domain name would have a dot."""
    digits = [each for each in text if each.isalnum()]
    wrong = sum(each.lower() not in "0123456789abcdefoil" for each in digits)
    is_long = len(digits) in range(28, 37) and wrong <= _FEW
    return "." not in text and (is_long or _LIKE_A_GUID.fullmatch(text) is not None)


def tenant_name(text: str) -> str:
    """What the tenant is called on cards."""
    if len(text) > _LONGEST_NAME or not text.isprintable():
        raise ValueError(f"must be at most {_LONGEST_NAME} characters in one line")
    if "://" in text:
        raise ValueError("must be a name and not an address, because everybody reads it on cards")
    return text


def secret(text: str) -> Secret:
    """A password or a key."""
    if not text.isprintable():
        raise ValueError("has invisible or impossible characters")
    return Secret(text)


def token(text: str) -> Secret:
    """An access token."""
    if not is_header_safe(text):
        raise ValueError("has characters that no token has (spaces or line breaks?)")
    return Secret(text)


def secret_url(problem_of: Callable[[str], str]) -> Callable[[str], Secret]:
    """A parser of addresses that are secrets; `problem_of` says what is wrong with one, or ""."""

    def parse(text: str) -> Secret:
        problem = problem_of(text)
        if problem:
            raise ValueError(problem)
        return Secret(text)

    return parse


def origin(text: str) -> str:
    """Scheme, host and port of a service, without a slash at the end."""
    found = text.rstrip("/")
    problem = problem_of_origin(found)
    if problem:
        raise ValueError(problem)
    return found


def certificate_path(text: str) -> Path:
    """The path of a file that is there."""
    path = Path(text)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        raise ValueError("there is no such file; give the path, not the certificate")
    return path


def state(text: str) -> StateAddress:
    """Where the state is: a SQLite file, a table, or a storage account by its connection string."""
    if text.startswith(_SQLITE) and text != _SQLITE:
        return StateAddress(sqlite_path=_sqlite_path(text.removeprefix(_SQLITE)))
    if text.startswith("https://") and ".table." in text and not problem_of_origin(text.rstrip("/")):
        return StateAddress(table_endpoint=text.rstrip("/"))
    parts = {part.split("=", 1)[0].strip().lower() for part in text.split(";") if "=" in part}
    has_key = {"accountname", "accountkey"} <= parts or "sharedaccesssignature" in parts
    has_account = bool({"accountname", "tableendpoint"} & parts)
    if text.rstrip("; ").lower() == _DEVELOPMENT.lower():
        return StateAddress(connection_string=Secret(_DEVELOPMENT))
    if has_key and has_account and text.isprintable():
        return StateAddress(connection_string=Secret(text))
    raise ValueError(
        "must be sqlite:///FILE, a storage connection string, or https://ACCOUNT.table.core.windows.net"
    )


def _sqlite_path(text: str) -> Path:
    name = text.lower()
    if ":memory:" in name or "mode=memory" in name:
        raise ValueError("must be a file: a database in memory is lost when the program ends")
    if Path(name).parts[:1] and Path(name).parts[0].startswith("file:"):
        raise ValueError("must be sqlite:/// and the path of a file, without file: before it")
    if "?" in name:
        raise ValueError("must be sqlite:/// and the path of a file, without ? and options after it")
    return Path(text)


def times_after_approval(text: str) -> Plan:
    """The plan of reminders after an approval; without shares, since an approval's end is not known."""
    form = "must be a list of times after the approval, such as 4h,24h: whole numbers with m, h or d"
    try:
        plan = parse_plan(text)
    except ValueError:
        raise ValueError(form) from None
    if any(stage.share is not None for stage in plan):
        raise ValueError(form)
    return plan


def ticket_link(text: str) -> str:
    """The address of a ticket with `{}` for its number, which no host and no other part of ours can hold."""
    before, found, after = text.partition("{}")
    problem = problem_of_url(before)
    if problem or not before.startswith("https://") or not is_header_safe(after):
        raise ValueError(
            "must begin with https:// and a host, such as https://tickets.example.com/find?id={}"
        )
    has_place = found and urlsplit(before).path and not re.search("[{}]", before + after)
    if not has_place or len(text) > _LONGEST_LINK:
        raise ValueError(
            "must have {} once, after the host and a slash, in place of the number, and at most"
            f" {_LONGEST_LINK} characters"
        )
    return text


def ticket_pattern(text: str) -> str:
    """The pattern of ticket numbers."""
    expression_of(text)
    return text


class Setting(Struct, frozen=True, kw_only=True):
    """One setting.

    Attributes:
        name: of the environment variable.
        parse: makes the value of the text.
        default: the text that counts where none is given.
        absent: the value where no text is given and there is no default.
        required: what to do where it is not given, for people; "" where it may be missing.
        empty_counts: an empty text is an answer and does not mean the default.
        is_json: the text is a JSON list.
        per_tenant: an entry of `MAA_TENANTS` may have it, by its `key`.
        credential: says who signs in. An entry that has one of these takes none from the deployment.
        in_fleet: the tenants of a fleet take it from the deployment.
        in_azure: it may be set inside Azure.
        why_not_in_azure: what to say where it is set there all the same.
        secret: the value is a secret, or holds one.
    """

    name: str
    parse: Callable[[str], Any]
    default: str = ""
    absent: Any = ""
    required: str = ""
    empty_counts: bool = False
    is_json: bool = False
    per_tenant: bool = False
    credential: bool = False
    in_fleet: bool = True
    in_azure: bool = True
    why_not_in_azure: str = "is for first tries and tests only: remove it, the identity signs in"
    secret: bool = False

    @property
    def key(self) -> str:
        """The name within the program and in an entry of `MAA_TENANTS`: lower case, without `MAA_`."""
        return self.name.removeprefix("MAA_").lower()


_own = partial(Setting, per_tenant=True)
_credential = partial(Setting, per_tenant=True, credential=True)

SETTINGS: tuple[Setting, ...] = (
    _own(
        name="MAA_TENANT_ID",
        parse=tenant,
        required="is required: the directory (tenant) id from Entra's overview page",
    ),
    _own(name="MAA_TENANT_NAME", parse=tenant_name),
    Setting(
        name=TENANTS,
        parse=partial(read_json_list, example='[{"tenant_id": "contoso.onmicrosoft.com"}]'),
        is_json=True,
        in_fleet=False,
        secret=True,
    ),
    _credential(name="MAA_CLIENT_ID", parse=guid),
    _credential(name="MAA_CLIENT_SECRET", parse=secret, absent=None, secret=True),
    _credential(name="MAA_CLIENT_CERTIFICATE_PATH", parse=certificate_path, absent=None),
    Setting(name="MAA_MANAGED_IDENTITY_CLIENT_ID", parse=guid),
    Setting(name="MAA_ACCESS_TOKEN", parse=token, absent=None, in_azure=False, secret=True),
    _own(name="MAA_CLOUD", parse=word_of(CLOUDS), default="global"),
    _own(name="MAA_GRAPH_URL", parse=origin),
    _own(name="MAA_AUTHORITY_URL", parse=origin),
    Setting(name=ALLOW_HOSTS, parse=allowed_hosts, absent=()),
    Setting(name="MAA_STATE", parse=state, default="sqlite:///maa-notify.db", secret=True),
    Setting(
        name="MAA_TABLE_NAME",
        parse=matching("[A-Za-z][A-Za-z0-9]{2,62}", "3 to 63 letters and digits"),
        default="MaaNotify",
    ),
    _own(name="MAA_TEAMS_WEBHOOK_URL", parse=secret_url(problem_of_webhook), absent=None, secret=True),
    _own(
        name="MAA_DESTINATIONS",
        parse=partial(read_json_list, example='[{"name": "ops", "webhook_url": "https://…"}]'),
        absent=[],
        is_json=True,
        secret=True,
    ),
    _own(name="MAA_REMINDERS", parse=parse_plan, default="50%,24h,4h", absent=(), empty_counts=True),
    _own(name="MAA_COMPLETE_REMINDERS", parse=times_after_approval, absent=()),
    _own(name="MAA_WATCH", parse=word_of({"on": True, "off": False}), default="off"),
    _own(
        name="MAA_WATCH_EVERY",
        parse=span_between(timedelta(minutes=1), timedelta(hours=1), "from 1m to 1h"),
        default="5m",
    ),
    _own(
        name="MAA_WATCH_ALLOW",
        parse=watch_allow,
        absent=(),
        is_json=True,
    ),
    _own(name="MAA_QUIET_HOURS", parse=quiet_hours, absent=QuietHours()),
    _own(name="MAA_TIME_ZONE", parse=time_zone),
    _own(name="MAA_TICKET_LINK", parse=ticket_link),
    _own(name="MAA_TICKET_PATTERN", parse=ticket_pattern),
    _own(name="MAA_DIGEST_ABOVE", parse=whole_number(1, 10_000), default="5"),
    _own(name="MAA_HEARTBEAT_DAYS", parse=whole_number(0, 80), default="30"),
    _own(name="MAA_SUMMARY", parse=parse_weekly, absent=None),
    # A monitor that all tenants shared would be well again with the next tenant's poll.
    _own(name="MAA_PING_URL", parse=secret_url(problem_of_url), absent=None, in_fleet=False, secret=True),
    _own(name="MAA_RETENTION_DAYS", parse=whole_number(35, 3_650), default="365"),
    Setting(name=POLL_SCHEDULE, parse=normalised, default=DEFAULT_SCHEDULE),
    _own(name="MAA_APPROVERS", parse=word_of({"on": True, "off": False}), default="off"),
    _own(
        name="MAA_APPROVERS_EVERY",
        parse=span_between(timedelta(minutes=1), timedelta(days=1), "from 1m to 1d"),
        default="1h",
    ),
    _own(name="MAA_POSTURE", parse=word_of({"on": True, "off": False}), default="off"),
    _own(
        name="MAA_POSTURE_EVERY",
        parse=span_between(timedelta(hours=1), timedelta(days=7), "from 1h to 7d"),
        default="24h",
    ),
    _own(name="MAA_POSTURE_ACCEPT", parse=acceptances, absent=(), is_json=True),
    _own(name="MAA_GLOBAL_ADMINS", parse=limits, default="2-4"),
    _own(name="MAA_REQUESTOR_CHAT", parse=flag, default="false"),
    _own(name="MAA_APPROVER_CHAT", parse=flag, default="false"),
    _own(name="MAA_BOT_CLIENT_ID", parse=guid),
    Setting(name="MAA_BOT_ACCESS_TOKEN", parse=token, absent=None, in_azure=False, secret=True),
    Setting(name=COMMANDS, parse=flag, default="false", in_fleet=False),
    Setting(
        name=LOG_FORMAT,
        parse=word_of({each: each for each in LOG_FORMATS}),
        default=LOG_FORMATS[0],
        in_azure=False,
        why_not_in_azure="must be left out inside Azure, whose alarms and workbook read the lines as text",
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
