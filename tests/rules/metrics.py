"""The text of docs/metrics.md, made from core/admin/metric_table.h: python3 tests/rules/metrics.py > docs/metrics.md"""

import re

from tree import text

HEAD = '''# Metrics

`GET /metrics` on the admin listener answers in Prometheus' text format. With `admin.token_file` or `admin.tokens` the request has to carry a
token; the role `read` is enough. This page
is made from `core/admin/metric_table.h` by `tests/rules/metrics.py`; tests compare it with that and with a server.

Values are in seconds and bytes. A limit has the name of its value with `limit` in it, before the unit:
`sluice_queued_bytes / sluice_queued_limit_bytes` is how full the queues are. Labels have few values: endpoints and plugins are
those of the configuration, and all others come from fixed lists. No label has a value that clients choose. `series` says how many
series a metric has at most: in all, or for each endpoint, stage of a pipeline, event loop or listener. Two endpoints of three stages each
and four loops make 750 at most.
'''

# What stands before and behind the table of a section.
BEFORE = {
    'Process': '''These have the names that they have in every Prometheus client library. They are read from `/proc` for each request; where that is
not mounted they are left out.''',
}
BEHIND = {
    'Clients and messages': '''| `reason` of `sluice_drops_total` | |
| --- | --- |
| `plugin` | a plugin's verdict was drop |
| `plugin_error` | a plugin failed, and its `on_error` is `deny` |
| `queue_full` | a slow client's queue was full (`queue.bytes`) |
| `queue_total` | all queues together were full (`limits.queue_bytes`), and this client's was among the largest; or so much was on its way between loops that a loop could not be told what was published |
| `input_total` | received input that is not yet processed was too much (`limits.input_bytes`), and this client had much of it |
| `message_timeout` | a message was not complete in time (`message.timeout`) |
| `fragments` | a message had too many frames (`message.max_fragments`) |
| `sender_gone` | the sender had left, and its messages waited for a verdict for longer than a close may take |
| `no_memory` | memory ran out |

Codes of applications (3000 to 4999) are counted one by one once the server has closed with them, 4401 and 4429 from the start on:
24 of them for each endpoint. The rest, and those that only clients choose, are `3xxx` and `4xxx`, so that clients make no series.''',
    'Plugins': '''`position` is the place in the pipeline, from 1, and changes when a stage is put in front. `instance` is the name that the log uses, such
as `auth#1`: the first use of the plugin in that pipeline, whatever else stands there. `mode` is `enforce` or `shadow`: what a stage
would have done is `sum without (position) (rate(sluice_plugin_verdicts_total{mode="shadow"}[5m]))`. Prometheus has a label `instance` of
its own for the server, and calls this one `exported_instance`, unless `honor_labels` is set.

Metrics of a plugin's own are called `sluice_plugin_NAME_...`; each plugin's README lists them
([auth](../plugins/auth/README.md#metrics), for example).''',
}

TAIL = '''## Dashboard

`contrib/grafana/sluice.json` is a dashboard for Grafana 9 or newer: overview, upgrades and closes, messages, saturation, slow clients,
plugins, reload and certificates, shadow. Import it and choose the data source; a test has a real Prometheus answer each of its
queries.

## Alerts

`contrib/prometheus/alerts.yaml` has rules for Prometheus; a test compares them with this page, and `promtool` checks them. They say
what each means and where to look. Change the thresholds to yours.
'''

COLUMNS = '| metric | type | series | means |\n| --- | --- | --- | --- |\n'
PER = {'SERVER': '', 'ENDPOINT': ' an endpoint', 'STAGE': ' a stage', 'LOOP': ' a loop', 'LISTENER': ' a listener'}
STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
ENTRY = re.compile(rf'SECTION\({STRING}\)|METRIC\({STRING},\s*{STRING},\s*{STRING},\s*(\d+),\s*([A-Z]+),\s*{STRING},\s*{STRING}\)')


def joined(strings):
    return ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings)).replace('\\"', '"')


def sections():
    """Each section of the table with its metrics: name, type, labels, count, per, help and means."""
    source = text('core/admin/metric_table.h').partition('#define METRIC_TABLE')[2].replace('\\\n', '\n')
    found = []
    for title, name, kind, labels, count, per, *texts in ENTRY.findall(source):
        if title:
            found.append((joined(title), []))
        else:
            found[-1][1].append((joined(name), joined(kind), joined(labels), int(count), per, *map(joined, texts)))
    return found


def row(name, kind, labels, count, per, _, means):
    labelled = f'{name}{{{labels}}}' if labels else name
    return f'| `{labelled}` | {kind} | {count}{PER[per]} | {means} |\n'


def page():
    parts = [HEAD]
    for title, metrics in sections():
        parts.append(f'\n## {title}\n\n')
        if title in BEFORE:
            parts.append(BEFORE[title] + '\n\n')
        parts += [COLUMNS, *(row(*metric) for metric in metrics)]
        if title in BEHIND:
            parts.append('\n' + BEHIND[title] + '\n')
    return ''.join(parts) + '\n' + TAIL


if __name__ == '__main__':
    print(page(), end='')
