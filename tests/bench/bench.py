"""The comparison benchmark: Sluice and other WebSocket servers on the same work.

For every scenario each server runs alone, pinned to CPU 0, with the load generator on CPU 1. The
servers take turns within a round, so that a slow minute of the machine hits all of them; the
median of the rounds counts. See docs/benchmarks.md.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

from scenarios import IdleMemory, Traffic, all_scenarios, count_syscalls
from servers import ROOT, BenchError, all_servers

NOISE = 'the machine is shared: figures move from run to run, ratios far less'


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description='Compares Sluice with other WebSocket servers.')
    parser.add_argument('--quick', action='store_true', help='fewer scenarios, one short round')
    parser.add_argument('--only', metavar='SCENARIO', action='append',
                        help='run only this scenario (repeatable; --list names them)')
    parser.add_argument('--server', metavar='NAME', action='append',
                        help='run only this server: sluice, gorilla, ws or civetweb (repeatable)')
    parser.add_argument('--rounds', type=int, help='how often each is measured (default 3)')
    parser.add_argument('--seconds', type=float, help='length of one measurement (default 4)')
    parser.add_argument('--syscalls', action='store_true',
                        help='also count system calls a message with strace')
    parser.add_argument('--json', metavar='FILE', help='write all figures to FILE')
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'), metavar='DIR',
                        help='the build folder (default: build)')
    parser.add_argument('--plugins', metavar='NAME', nargs='?', const='',
                        help='instead of comparing servers, measure what the shipped plugins (or the '
                             'one of that name) cost, and print tables in Markdown; half a minute')
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
    for server in all_servers(os.path.abspath(arguments.build)):
        if arguments.server and server.name not in arguments.server:
            continue
        try:
            server.prepare()
            ready.append(server)
        except BenchError as error:
            print(f'skipped {server.name}: {error}')
    return ready


def measured_paths(scenario, server):
    """{label: path} of what is measured on one server."""
    paths = {server.name: scenario.path()}
    if server.name == 'sluice':
        paths.update(scenario.variants())
    return paths


def measure_round(scenario, servers, load, seconds, figures):
    for server in servers:
        for label, path in measured_paths(scenario, server).items():
            try:
                server.start(scenario.clients())
                figures.setdefault(label, []).append(
                    scenario.measure(load, server, path, seconds))
            except BenchError as error:
                print(f'  {label}: {error}', flush=True)
            finally:
                if server.process:
                    server.stop()


def measure(scenario, servers, load, arguments):
    """All rounds of one scenario, each beginning with another server: {label: [figure...]}."""
    figures = {}
    for number in range(arguments.rounds):
        turn = number % len(servers)
        measure_round(scenario, servers[turn:] + servers[:turn], load, arguments.seconds, figures)
    return figures


def ratio_text(scenario, label, ours, theirs):
    """How many times better sluice is, whichever way is better."""
    if isinstance(scenario, IdleMemory):
        return f'{label}/sluice {theirs / ours:6.2f}'
    return f'sluice/{label} {ours / theirs:6.2f}'


def print_scenario(scenario, figures, verdicts):
    print(f'\n{scenario.title} ({scenario.unit})')
    ours = statistics.median(figures['sluice']) if 'sluice' in figures else None
    for label, values in figures.items():
        median = statistics.median(values)
        ratio = ratio_text(scenario, label, ours, median) if ours and median > 0 else ''
        print(f'  {label:<16} {median:>12,.0f}   ({min(values):,.0f} to {max(values):,.0f})   '
              f'{"" if label == "sluice" else ratio}')
    for verdict in verdicts:
        print(f'  {verdict}')


def judge(scenario, figures):
    """Sentences that say which goals are met."""
    if 'sluice' not in figures:
        return []
    ours = statistics.median(figures['sluice'])
    verdicts = []
    for name, least in scenario.goals.items():
        if name in figures:
            ratio = ours / statistics.median(figures[name])
            verdicts.append(verdict(ratio >= least, f'at least {least:g} times {name}',
                                    f'{ratio:.2f} times'))
    if isinstance(scenario, IdleMemory):
        verdicts.append(verdict(ours <= scenario.maximum,
                                f'at most {scenario.maximum} bytes an idle client',
                                f'{ours:.0f} bytes'))
        connected = scenario.connected.get('sluice', 0)
        verdicts.append(verdict(connected >= scenario.count,
                                f'{scenario.count:,} clients with 32 front workers',
                                f'{connected:,}'))
    return verdicts


def verdict(met, goal, measured):
    return f'goal {"met" if met else "missed"}: {goal} ({measured})'


def syscall_figures(scenario, servers, load, arguments):
    figures = {}
    for server in servers:
        try:
            server.start(scenario.clients())
            figures[server.name] = count_syscalls(load, server, scenario, scenario.path(),
                                                  arguments.seconds)
            print(f'  {server.name:<16} {figures[server.name]:.3f} system calls a message')
        except BenchError as error:
            print(f'  {server.name}: {error}')
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


def main():
    arguments = parse_arguments()
    if arguments.plugins is not None:
        measure_plugins(arguments)
    scenarios = chosen_scenarios(arguments)
    if arguments.list:
        print('\n'.join(f'{s.name:<14} {s.title}' for s in scenarios))
        return
    load = load_command(arguments)
    servers = ready_servers(arguments)
    if not servers:
        sys.exit('bench: no server can run here')
    print(f'{arguments.rounds} round(s) of {arguments.seconds:g} s; {NOISE}', flush=True)
    results = {}
    for scenario in scenarios:
        figures = measure(scenario, servers, load, arguments)
        verdicts = judge(scenario, figures)
        results[scenario.name] = {'unit': scenario.unit, 'figures': figures, 'goals': verdicts}
        print_scenario(scenario, figures, verdicts)
        if arguments.syscalls and isinstance(scenario, Traffic) and shutil.which('strace'):
            results[scenario.name]['syscalls_per_message'] = syscall_figures(
                scenario, servers, load, arguments)
        sys.stdout.flush()
    if arguments.json:
        with open(arguments.json, 'w') as file:
            json.dump(results, file, indent=2)


if __name__ == '__main__':
    main()
