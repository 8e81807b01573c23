"""What the triggers must know before all settings are checked: where we run, when to poll, for whom."""

from collections.abc import Mapping

from maa_notify.settings.schedule import normalised
from maa_notify.settings.validation import clean

TENANTS = "MAA_TENANTS"
POLL_SCHEDULE = "MAA_POLL_SCHEDULE"
COMMANDS = "MAA_BOT_COMMANDS"
LOG_FORMAT = "MAA_LOG_FORMAT"
LOG_FORMATS = ("text", "json")
DEFAULT_SCHEDULE = "0 * * * * *"


_PLATFORM = ("WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST")
"""Variables of App Service and of Flex Consumption; neither Core Tools nor anything else sets one.

Source: azure-functions-host, `EnvironmentSettingNames.cs` and `EnvironmentExtensions.cs`.
"""
_IDENTITY = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT")
"""Where Azure hands out the tokens of a managed identity; a machine that Azure Arc manages has it as well."""


def is_in_azure(environ: Mapping[str, str]) -> bool:
    """Whether this is a deployed Function. A variable that an app setting emptied counts as well."""
    return any(name in environ for name in _PLATFORM)


def has_tokens_of_azure(environ: Mapping[str, str]) -> bool:
    """Whether a managed identity is at hand, or may be: in a deployed Function, or wherever Azure offers one.

    Whoever takes these signs away to get around a check takes the identity away with them.
    """
    return is_in_azure(environ) or any(environ.get(name) for name in _IDENTITY)


def is_fleet(environ: Mapping[str, str]) -> bool:
    """Whether this deployment is for many tenants."""
    return bool(clean(environ.get(TENANTS, "")))


def commands_wanted(environ: Mapping[str, str]) -> bool:
    """Whether people may ask the bot; false for every value but `true`, wrong ones included."""
    return clean(environ.get(COMMANDS, "")).lower() == "true"


def schedule_from(environ: Mapping[str, str]) -> str:
    """The timer's schedule, in the one spelling that is given to the host.

    In place of a wrong schedule it is the default: the timer then runs, and its runs say what is wrong.
    """
    try:
        return normalised(clean(environ.get(POLL_SCHEDULE, "")) or DEFAULT_SCHEDULE)
    except ValueError:
        return DEFAULT_SCHEDULE


def wants_json_logs(environ: Mapping[str, str]) -> bool:
    """Whether each line of the log is to be a JSON object; false for every value but `json`."""
    return clean(environ.get(LOG_FORMAT, "")).lower() == "json"
