// The benchmark's Node peer: ws, broadcasting to all clients; /echo answers the sender only.
//
// usage: node peer_ws.mjs [--compress] [CERTIFICATE KEY]
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../integration/package.json', import.meta.url));
const { WebSocket, WebSocketServer } = require('ws');

const words = process.argv.slice(2);
const compress = words[0] === '--compress';
const [certificate, key] = words.slice(compress ? 1 : 0);

const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: compress && { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
});

server.on('connection', (client, request) => {
    const echo = request.url === '/echo';
    client.on('error', () => {});
    client.on('message', (data, isBinary) => {
        if (echo) {
            client.send(data, { binary: isBinary });
            return;
        }
        for (const other of server.clients)
            if (other.readyState === WebSocket.OPEN)
                other.send(data, { binary: isBinary });
    });
});

function listen(scheme, front) {
    front.on('upgrade', (request, socket, head) =>
        server.handleUpgrade(request, socket, head, client => server.emit('connection', client, request)));
    front.listen(0, '127.0.0.1', 1024, () => console.log(`${scheme}://127.0.0.1:${front.address().port}`));
}

listen('ws', createServer());
if (certificate)
    listen('wss', createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }));
