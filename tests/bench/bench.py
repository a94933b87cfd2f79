"""The comparison benchmark: Sluice and other WebSocket servers on the same work.

For every scenario each server runs alone, pinned to CPU 0, with the load generator on CPU 1. The
servers take turns within a round, so that a slow minute of the machine hits all of them; the
median of the rounds counts. See docs/benchmarks.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

from measure import count_syscalls
from peers import all_servers
from report import judge, print_markdown, print_scenario
from scenarios import Traffic, all_scenarios
from servers import ROOT, BenchError

NOISE = 'the machine is shared: figures move from run to run, ratios far less'


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description='Compares Sluice with other WebSocket servers.')
    parser.add_argument('--quick', action='store_true', help='fewer scenarios, one short round')
    parser.add_argument('--only', metavar='SCENARIO', action='append',
                        help='run only this scenario (repeatable; --list names them)')
    parser.add_argument('--server', metavar='NAME', action='append',
                        help='run only this server: sluice, bun, lws, nchan, gorilla, ws, civetweb or bare '
                             '(repeatable)')
    parser.add_argument('--rounds', type=int, help='how often each is measured (default 3)')
    parser.add_argument('--seconds', type=float, help='length of one measurement (default 4)')
    parser.add_argument('--set', metavar='KEY=VALUE', action='append', default=[], dest='settings',
                        help="change a value of Sluice's configuration (repeatable)")
    parser.add_argument('--syscalls', action='store_true',
                        help='also count system calls a message with strace')
    parser.add_argument('--json', metavar='FILE', help='write all figures to FILE')
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'), metavar='DIR',
                        help='the build folder (default: build)')
    parser.add_argument('--plugins', metavar='NAME', nargs='?', const='',
                        help='instead of comparing servers, measure what the shipped plugins (or the '
                             'one of that name) cost, and print tables in Markdown; half a minute')
    parser.add_argument('--http', action='store_true',
                        help='instead of comparing servers, measure what HTTP requests of plugins cost beside libcurl '
                             'alone, and print a table in Markdown; half a minute')
    parser.add_argument('--list', action='store_true', help='name the scenarios and exit')
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.seconds = arguments.seconds or (2 if arguments.quick else 4)
    return arguments


def chosen_scenarios(arguments):
    scenarios = all_scenarios(arguments.quick and not arguments.only)
    if not arguments.only:
        return scenarios
    unknown = set(arguments.only) - {s.name for s in scenarios}
    if unknown:
        sys.exit(f'bench: no such scenario: {", ".join(sorted(unknown))} (see --list)')
    return [s for s in scenarios if s.name in arguments.only]


def ready_servers(arguments):
    """The servers that can run here; says why another cannot."""
    ready = []
    for server in all_servers(os.path.abspath(arguments.build), arguments.settings):
        if arguments.server and server.name not in arguments.server:
            continue
        try:
            server.prepare()
            ready.append(server)
        except BenchError as error:
            print(f'skipped {server.name}: {error}')
    return ready


def measure_one(scenario, server, path, settings, load, seconds):
    work = scenario.work(settings)
    try:
        server.start(work)
        return scenario.measure(load, server, server.url(work, path), seconds)
    finally:
        if server.process:
            server.stop()


def measure(scenario, servers, load, arguments):
    """All rounds of one scenario, each beginning with another server: {label: [figures...]}."""
    contenders = scenario.contenders(servers)
    figures = {}
    for number in range(arguments.rounds):
        turn = number % len(contenders) if contenders else 0
        for label, server, path, settings in contenders[turn:] + contenders[:turn]:
            try:
                figures.setdefault(label, []).append(
                    measure_one(scenario, server, path, settings, load, arguments.seconds))
            except (BenchError, subprocess.TimeoutExpired) as error:
                print(f'  {scenario.name}, {label}: {error}', flush=True)
    return {label: figures[label] for label, *_ in contenders if figures.get(label)}


def syscall_figures(scenario, servers, load, arguments):
    """{label: system calls for a delivery}"""
    figures = {}
    for label, server, path, settings in scenario.contenders(servers):
        work = scenario.work(settings)
        try:
            server.start(work)
            words = scenario.words(server, server.url(work, path))
            figures[label] = count_syscalls(load, server, words, arguments.seconds)
            print(f'  {label:<18} {figures[label]:.3f} system calls a message')
        except BenchError as error:
            print(f'  {label}: {error}')
        finally:
            if server.process:
                server.stop()
    return figures


def load_command(arguments):
    load = os.path.join(os.path.abspath(arguments.build), 'tests', 'load')
    if not os.path.exists(load):
        sys.exit(f'bench: {load} is missing: build it with scripts/build test')
    return [load]


def measure_plugins(arguments):
    """Prints what plugins cost, measured on one processor: see tests/bench/plugins."""
    build = os.path.abspath(arguments.build)
    program = os.path.join(build, 'tests', 'bench', 'plugin_cost')
    if not os.path.exists(program):
        sys.exit(f'bench: {program} is missing: build it with scripts/build test')
    command = [program, build] + ([arguments.plugins] if arguments.plugins else [])
    sys.exit(subprocess.run(command, check=False,
                            preexec_fn=lambda: os.sched_setaffinity(0, {0})).returncode)


def measure_http(arguments):
    """Prints what http_request costs beside libcurl alone: see tests/bench/http. Other builds do without the program."""
    build = os.path.abspath(arguments.build)
    subprocess.run(['cmake', '--build', build, '--target', 'http_cost'], check=True, stdout=sys.stderr)
    program = os.path.join(build, 'tests', 'bench', 'http_cost')
    sys.exit(subprocess.run([program, build, str(arguments.seconds / 4)], check=False).returncode)


def compare(arguments, scenarios, servers):
    load = load_command(arguments)
    print(f'{arguments.rounds} round(s) of {arguments.seconds:g} s; {NOISE}', flush=True)
    results = {}
    measured = []
    for scenario in scenarios:
        figures = measure(scenario, servers, load, arguments)
        if not figures:
            continue
        measured.append((scenario, figures))
        results[scenario.name] = {'figures': figures, 'goals': judge(scenario, figures)}
        print_scenario(scenario, figures)
        if arguments.syscalls and isinstance(scenario, Traffic) and shutil.which('strace'):
            results[scenario.name]['syscalls_per_message'] = syscall_figures(
                scenario, servers, load, arguments)
        sys.stdout.flush()
        if arguments.json:
            with open(arguments.json, 'w') as file:
                json.dump(results, file, indent=2)
    print_markdown(measured)


def main():
    arguments = parse_arguments()
    if arguments.plugins is not None:
        measure_plugins(arguments)
    if arguments.http:
        measure_http(arguments)
    scenarios = chosen_scenarios(arguments)
    if arguments.list:
        print('\n'.join(f'{s.name:<20} {s.title}' for s in scenarios))
        return
    servers = ready_servers(arguments)
    if not servers:
        sys.exit('bench: no server can run here')
    compare(arguments, scenarios, servers)


if __name__ == '__main__':
    main()
