"""Who may come in: origin, address-filter and quota in a running server."""

from harness import RawClient, Refused, ServedTest, endpoint, settings


def stage(plugin, **options):
    return {'plugin': plugin, 'options': options}


class Entry(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/origin', [stage('origin', allow=['https://*.example.com'])]),
            endpoint('/here', [stage('address-filter', allow=['127.0.0.0/8'], deny=['127.0.0.9'])]),
            endpoint('/elsewhere', [stage('address-filter', allow=['192.0.2.0/24'])]),
            endpoint('/anonymous', [stage('quota', per_identity=1)]))
        super().setUpClass()

    def refused(self, path, **how):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, path, **how)
        return caught.exception.status

    def test_origin(self):
        with RawClient(self.server, '/origin', headers=[('Origin', 'https://a.example.com')]) as client:
            self.assertEqual(client.close(), 1000)
        for origin in ('https://example.com', 'https://a.example.com.evil.test', 'null'):
            self.assertEqual(self.refused('/origin', headers=[('Origin', origin)]), 403)
        self.assertEqual(self.refused('/origin'), 403)

    def test_address(self):
        with RawClient(self.server, '/here') as client:
            self.assertEqual(client.close(), 1000)
        self.assertEqual(self.refused('/here', source='127.0.0.9'), 403)
        self.assertEqual(self.refused('/elsewhere'), 403)

    def test_quota_of_nobody(self):
        self.assertEqual(self.refused('/anonymous'), 403)
