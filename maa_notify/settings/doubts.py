"""Warnings about valid settings that deserve a look, because an attacker might have changed them.

`doctor` shows it, and a line in the log as a process starts.
"""

from collections.abc import Iterator, Mapping

from maa_notify.identity.secret import Secret
from maa_notify.settings.destinations import DEFAULT_DESTINATION, DESTINATIONS
from maa_notify.settings.hosts import ALLOW_HOSTS
from maa_notify.settings.model import Settings
from maa_notify.settings.open_files import doubts_of_files
from maa_notify.settings.startup import has_tokens_of_azure, is_in_azure
from maa_notify.settings.validation import problem_of_webhook
from maa_notify.settings.webhook_hosts import doubt_of

_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_WEBHOOK = "MAA_TEAMS_WEBHOOK_URL"


def doubts_of(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What deserves a look in settings and their environment, each with the setting's name; no secrets."""
    return (
        *_of_allowed_hosts(settings),
        *_of_authorities(environ),
        *_of_webhooks(settings, in_azure=is_in_azure(environ)),
        *doubts_of_files(settings, environ),
    )


def _of_allowed_hosts(settings: Settings) -> Iterator[str]:
    """Each host that was let in: whoever looks after the notifier should know of it."""
    for each in settings.allow_hosts:
        why = each.reason or "no reason given: add one, as HOST=REASON"
        # Escapes show what Punycode would hide.
        yield f"{ALLOW_HOSTS}: {ascii(each.host)[1:-1]} may get tokens ({why})"


def _of_authorities(environ: Mapping[str, str]) -> Iterator[str]:
    for name in _AUTHORITIES if has_tokens_of_azure(environ) else ():
        if not environ.get(name):
            continue
        yield (
            f"{name}: its authorities take the place of the built-in ones: whoever has the key of one"
            " can read tokens and cards on the way"
        )


def _of_webhooks(settings: Settings, *, in_azure: bool) -> Iterator[str]:
    """Webhooks behind which somebody else may be than those who are meant to read the cards."""
    for each in settings.destinations:
        url = each.endpoint.reveal() if isinstance(each.endpoint, Secret) else ""
        if url and not problem_of_webhook(url) and (doubt := doubt_of(url, in_azure=in_azure)):
            setting = _WEBHOOK if each.route.name == DEFAULT_DESTINATION else DESTINATIONS
            yield f"{setting}: {each.route.name}: {doubt}"
