"""The dashboard in contrib/grafana and the alerts in contrib/prometheus, with a real Prometheus that scrapes a server."""

import json
import os
import unittest

from harness import ROOT, Authority, RawClient, Refused, Sluice, endpoint, settings, temporary_folder, wait_until
from harness.prometheus import Prometheus

DASHBOARD = os.path.join(ROOT, 'contrib', 'grafana', 'sluice.json')
ALERTS = os.path.join(ROOT, 'contrib', 'prometheus', 'alerts.yaml')


def queries():
    """Each query with its panel's title, as Grafana sends it: all instances, over a minute."""
    with open(DASHBOARD) as file:
        panels = json.load(file)['panels']
    return {target['expr'].replace('$instance', '.*').replace('$__rate_interval', '1m'): panel['title']
            for panel in panels for target in panel.get('targets', ())}


class Dashboard(unittest.TestCase):
    def test_panels_have_their_places_and_one_data_source(self):
        with open(DASHBOARD) as file:
            dashboard = json.load(file)
        panels = dashboard['panels']
        self.assertEqual(len({panel['id'] for panel in panels}), len(panels))
        self.assertEqual({panel['datasource']['uid'] for panel in panels if panel['type'] != 'row'}, {'${datasource}'})
        self.assertEqual([variable['name'] for variable in dashboard['templating']['list']], ['datasource', 'instance'])

    def test_each_query_of_the_dashboard_has_an_answer_and_each_alert_is_evaluated(self):
        authority = Authority()
        self.addCleanup(authority.cleanup)
        authority.issue('server', 3600)
        tls = {'certificate': authority.path('server.crt'), 'key': authority.path('server.key')}
        limit = {'plugin': 'rate-limit', 'options': {'messages': '1000/s'}}
        pipeline = [limit, dict(limit, mode='shadow', options={'messages': '1/m', 'burst': 1})]
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        watching = {'plugin': 'datagrams', 'options': {'socket': os.path.join(folder.name, 'a.sock'), 'topic': 'news'}}
        configuration = settings(endpoint(pipeline=pipeline, clients={'max': 1}),
                                 endpoint('/asks', [{'plugin': 'requester'}, watching]),
                                 storage={'path': os.path.join(folder.name, 'storage.db')},
                                 listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': tls}])
        with Sluice(configuration) as server, Prometheus('%s:%d' % server.admin_address, ALERTS) as prometheus, \
                RawClient(server) as client, RawClient(server, '/asks') as asking:
            unanswered = queries()
            self.assertGreater(len(unanswered), 40)

            def all_answered():
                asking.text('ask http://%s:%d/healthz' % server.admin_address)
                self.assertTrue(asking.read_text().startswith('1 200'))
                client.text('x')
                self.assertEqual(client.read_text(), 'x')
                with self.assertRaises(Refused):
                    RawClient(server)
                for expression in list(unanswered):
                    if prometheus.query(expression):
                        del unanswered[expression]
                return not unanswered

            wait_until(all_answered, 'each query has an answer', 45)
            rules = wait_until(lambda: [rule for group in prometheus.get('rules')['groups'] for rule in group['rules']
                                        if rule['health'] != 'unknown'], 'the alerts are evaluated')
            self.assertEqual([rule for rule in rules if rule['health'] != 'ok'], [])


if __name__ == '__main__':
    unittest.main()
