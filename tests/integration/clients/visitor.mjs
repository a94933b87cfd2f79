// One visit with Node's ws package, for tests of what plugins let in and let pass.
//   visitor.mjs URL [JSON]
// JSON: {origin, headers, send: [text...], messages: how many to wait for before closing}; without
// `messages` it waits for the server to close. Prints {status, retryAfter} of a refusal, or
// {messages, close: [code, reason]}.
import { once } from 'node:events';
import WebSocket from 'ws';

const { origin, headers, send = [], messages } = JSON.parse(process.argv[3] ?? '{}');
const client = new WebSocket(process.argv[2], { origin, headers });
const seen = { messages: [] };

client.on('unexpected-response', (request, response) => {
    console.log(JSON.stringify({
        status: response.statusCode,
        retryAfter: response.headers['retry-after'] ?? null,
    }));
    process.exit();
});
client.on('message', (data) => {
    seen.messages.push(data.toString());
    if (seen.messages.length === messages)
        client.close(1000);
});

await once(client, 'open');
send.forEach((text) => client.send(text));
if (messages === 0)
    client.close(1000);
const [code, reason] = await once(client, 'close');
console.log(JSON.stringify({ ...seen, close: [code, reason.toString()] }));
