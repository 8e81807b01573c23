"""`demo`: the simulated tenant, with the real notifier."""

import argparse

from maa_notify.cli.arguments import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Shows a simulated tenant and its Teams channel in the browser; the notifier is real."
    )
    parser.add_argument(
        "--port", type=whole_number(0, 65_535), default=0, metavar="N", help="default: a free one"
    )
    parser.add_argument("--no-scenario", action="store_true", help="do not play the prepared requests")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--bot", action="store_true", help="send cards by the bot, to Microsoft's Agents Playground"
    )


def run(options: argparse.Namespace) -> int:
    """Shows the demo until it is stopped; returns the exit code."""
    # The demo is not deployed; nothing else needs it.
    from maa_notify.demo.run import DemoOptions, run_demo

    wanted = DemoOptions(scenario=not options.no_scenario, open_browser=options.open, bot=options.bot)
    return run_demo(wanted, port=options.port)
