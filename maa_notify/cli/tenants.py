"""`tenants`: the tenants of a fleet, and mistakes in their settings. Nothing is sent."""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import OK, WRONG_SETTINGS
from maa_notify.cli.text import counted, print_json
from maa_notify.errors import Mistake, SettingsError

if TYPE_CHECKING:
    from maa_notify.settings.tenants import Tenant, TenantList


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Reads MAA_TENANTS and the settings of every tenant in it. Sends nothing."
    add_json(parser, "print the list as JSON")


def run(options: argparse.Namespace) -> int:
    """Prints a line for each tenant, and each mistake; returns the exit code.

    Raises:
        SettingsError: `MAA_TENANTS` is not set, or no list.
    """
    listed = _listed()
    found = [(tenant, _problems_of(tenant)) for tenant in listed.tenants]
    if options.json:
        rows = [{"id": each.id, "name": each.name, "problems": problems} for each, problems in found]
        print_json({"tenants": rows, "problems": [str(each) for each in listed.mistakes]})
    else:
        for tenant, problems in found:
            print(f"{'WRONG' if problems else 'ok':<6} {tenant.id}  {tenant.name}".rstrip())
            for problem in problems:
                print(f"       - {problem}")
        for mistake in listed.mistakes:
            print(f"WRONG  {mistake}")
    wrong = sum(bool(problems) for _, problems in found) + len(listed.mistakes)
    print(f"{counted(len(found), 'tenant')}, {wrong} wrong", file=sys.stderr)
    return WRONG_SETTINGS if wrong else OK


def use_settings_of(name: str) -> None:
    """Puts the settings of one tenant into the environment of this process, in place of the fleet's.

    Args:
        name: `tenant_id` or `tenant_name`.

    Raises:
        SettingsError: `MAA_TENANTS` is not set, no list, or has no such tenant.
    """
    chosen = dict(_listed().chosen(name).environ)
    for each in [each for each in os.environ if each.startswith("MAA_")]:
        del os.environ[each]
    os.environ.update(chosen)


def _listed() -> "TenantList":
    from maa_notify.settings.startup import TENANTS, is_fleet
    from maa_notify.settings.tenants import read_tenants

    if not is_fleet(os.environ):
        raise SettingsError([Mistake(TENANTS, "is not set: this is a deployment for one tenant")])
    return read_tenants(os.environ)


def _problems_of(tenant: "Tenant") -> list[str]:
    from maa_notify.settings.reader import read_settings

    try:
        read_settings(tenant.environ)
    except SettingsError as error:
        return [str(each) for each in error.mistakes]
    return []
