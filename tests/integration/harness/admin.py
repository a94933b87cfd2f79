"""Requests to the admin listener."""

import http.client
import json

from .waiting import patience, wait_until


# What passes, on a machine that is busy with other things.
BUSY = '(admin.requests)', 'an event loop does not answer'


def ask(server, method, path, body=None, **headers):
    """(status, JSON or None, header fields). A dictionary as body is sent as JSON.

    A request counts until its worker is through, which may be after its answer has come: on a starved machine who asks
    one after the other may find no place, and a loop may not have had a turn in time. As a client should, this asks again
    then.
    """
    found = []

    def is_answered():
        found[:] = ask_once(server, method, path, body, **headers)
        return found[0] != 503 or not any(words in (found[1] or {}).get('detail', '') for words in BUSY)
    wait_until(is_answered, 'a request finds a place')
    return tuple(found)


def ask_once(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection(*server.admin_address, timeout=patience(10))
    fields = {name.replace('_', '-'): value for name, value in headers.items()}
    if isinstance(body, dict):
        body = json.dumps(body)
        fields.setdefault('Content-Type', 'application/json')
    try:
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        content = answer.read()
        is_json = content and answer.headers['Content-Type'] == 'application/json'
        return answer.status, json.loads(content) if is_json else None, answer.headers
    finally:
        connection.close()
