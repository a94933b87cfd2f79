"""How figures are shown: a block for each scenario while the benchmark runs, and tables in Markdown at the end."""

import statistics

PEER = 'bun'
BARE_SHARE = 0.95
LOOPS_CPU = 1.1
NAMES = {'rate': '/s', 'cpu': 'us of CPU each', 'p50': 'us p50', 'p99': 'us p99', 'bytes': 'bytes',
         'memory': 'MiB more', 'payload': 'bytes a message', 'load': 'load'}


def median(figures, label, metric):
    """The median over the rounds; None if it was not measured."""
    values = [round_[metric] for round_ in figures.get(label, []) if round_.get(metric) is not None]
    return statistics.median(values) if values else None


def ratio(figures, metric, ours, theirs):
    one, other = median(figures, ours, metric), median(figures, theirs, metric)
    return one / other if one is not None and other else None


def number(value, metric=None):
    if value is None:
        return ''
    if metric in ('cpu', 'load'):
        return f'{value:.2f}'
    return f'{value:,.0f}'


def print_scenario(scenario, figures):
    print(f'\n{scenario.title} [{scenario.name}]')
    for label, rounds in figures.items():
        parts = []
        for metric in rounds[0]:
            parts.append(f'{number(median(figures, label, metric), metric):>11} {NAMES[metric]}')
        rates = [round_['rate'] for round_ in rounds if 'rate' in round_]
        if len(rates) > 1:
            parts.append(f'({min(rates):,.0f} to {max(rates):,.0f})')
        print(f'  {label:<18} {"  ".join(parts)}')
    for sentence in judge(scenario, figures):
        print(f'  {sentence}')


def verdict(met, goal, measured):
    return f'goal {"met" if met else "missed"}: {goal} ({measured})'


def judge(scenario, figures):
    """Sentences that say which goals are met."""
    found = []
    if scenario.peer_goals:
        rate, cpu = ratio(figures, 'rate', 'sluice', PEER), ratio(figures, 'cpu', 'sluice', PEER)
        if rate is not None:
            found.append(verdict(rate >= scenario.peer_goals[0],
                                 f'at least {scenario.peer_goals[0]:g} times the rate of Bun', f'{rate:.2f}'))
        if cpu is not None:
            found.append(verdict(cpu <= scenario.peer_goals[1],
                                 f'at most {scenario.peer_goals[1]:g} of its CPU time a delivery', f'{cpu:.2f}'))
    bare = ratio(figures, 'rate', 'sluice', 'bare')
    if bare is not None:
        found.append(verdict(bare >= BARE_SHARE, f'at least {BARE_SHARE:g} of the bare writes', f'{bare:.2f}'))
    loops = ratio(figures, 'cpu', '2 loops', 'sluice')
    if loops is not None:
        found.append(verdict(loops <= LOOPS_CPU, f'two loops: at most {LOOPS_CPU:g} of the CPU time of one',
                             f'{loops:.2f}'))
    maximum = getattr(scenario, 'maximum', None)
    size = median(figures, 'sluice', 'bytes')
    if maximum and size is not None:
        found.append(verdict(size <= maximum, f'at most {maximum:,} bytes', f'{size:,.0f}'))
    return found


def print_table(head, rows):
    if rows:
        print('\n| ' + ' | '.join(head) + ' |')
        print('|' + ' --- |' * len(head))
        for row in rows:
            print('| ' + ' | '.join(row) + ' |')


def peer_row(scenario, figures):
    """Sluice beside Bun: rates and CPU times, their ratios and the goals."""
    goals = scenario.peer_goals or (None, None)
    row = [scenario.title]
    for metric, goal, better in (('rate', goals[0], '≥'), ('cpu', goals[1], '≤')):
        found = ratio(figures, metric, 'sluice', PEER)
        row += [number(median(figures, label, metric), metric) for label in ('sluice', PEER)]
        row.append(f'{found:.2f}' if found is not None else '')
        row.append(f'{better} {goal:g}' if goal is not None else '')
    return row


def print_metric(title, metric, measured):
    """One table: a row for each scenario, a column for each server."""
    chosen = [(scenario, figures) for scenario, figures in measured
              if any(median(figures, label, metric) is not None for label in figures)]
    labels = list(dict.fromkeys(label for _, figures in chosen for label in figures))
    print_table([title, *labels],
                [[scenario.title, *(number(median(figures, label, metric), metric) for label in labels)]
                 for scenario, figures in chosen])


def print_markdown(measured):
    """`measured`: [(scenario, figures)]. Tables for docs/benchmarks.md."""
    print_table(['work', 'Sluice/s', 'Bun/s', 'ratio', 'goal', 'Sluice µs', 'Bun µs', 'ratio', 'goal'],
                [peer_row(scenario, figures) for scenario, figures in measured
                 if ratio(figures, 'rate', 'sluice', PEER) is not None])
    compared = [(scenario, figures) for scenario, figures in measured if scenario.only != ('sluice',)]
    alone = [pair for pair in measured if pair not in compared]
    for title, metric in (('rate', 'rate'), ('CPU µs each', 'cpu'), ('p50 µs', 'p50'), ('p99 µs', 'p99'),
                          ('bytes a client', 'bytes'), ('MiB more', 'memory')):
        print_metric(title, metric, compared)
        print_metric(title, metric, alone)
