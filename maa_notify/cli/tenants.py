"""`tenants`: who is in the fleet, and whose settings are wrong. Nothing is sent."""

import json
import os
import sys
from collections.abc import Mapping

from maa_notify.errors import Mistake, SettingsError
from maa_notify.settings.reader import read_settings
from maa_notify.settings.startup import TENANTS, is_fleet
from maa_notify.settings.tenants import Tenant, read_tenants

OK, WRONG_SETTINGS = 0, 2


def tenants(*, as_json: bool) -> int:
    """Prints a line for each tenant, and each mistake; returns the exit code.

    Raises:
        SettingsError: `MAA_TENANTS` is not set, or no list.
    """
    _need_fleet()
    listed = read_tenants(os.environ)
    found = [(tenant, _problems_of(tenant)) for tenant in listed.tenants]
    if as_json:
        rows = [_row(tenant, problems) for tenant, problems in found]
        print(json.dumps({"tenants": rows, "problems": [str(each) for each in listed.mistakes]}, indent=2))
    else:
        for tenant, problems in found:
            print(f"{'WRONG' if problems else 'ok':<6} {tenant.id}  {tenant.name}".rstrip())
            for problem in problems:
                print(f"       - {problem}")
        for mistake in listed.mistakes:
            print(f"WRONG  {mistake}")
    wrong = sum(bool(problems) for _, problems in found) + len(listed.mistakes)
    print(f"{len(found)} tenants, {wrong} wrong", file=sys.stderr)
    return WRONG_SETTINGS if wrong else OK


def become(text: str) -> None:
    """Takes the settings of the tenant that somebody names, for this process.

    Raises:
        SettingsError: `MAA_TENANTS` is not set, no list, or has no such tenant.
    """
    _need_fleet()
    chosen: Mapping[str, str] = read_tenants(os.environ).chosen(text).environ
    for name in [each for each in os.environ if each.startswith("MAA_")]:
        del os.environ[name]
    os.environ.update(chosen)


def _need_fleet() -> None:
    if not is_fleet(os.environ):
        raise SettingsError([Mistake(TENANTS, "is not set: this is a deployment for one tenant")])


def _problems_of(tenant: Tenant) -> list[str]:
    try:
        read_settings(tenant.environ)
    except SettingsError as error:
        return [str(each) for each in error.mistakes]
    return []


def _row(tenant: Tenant, problems: list[str]) -> dict[str, object]:
    return {"id": tenant.id, "name": tenant.name, "problems": problems}
