// The benchmark's Node peer: ws, broadcasting to all clients; /echo answers the sender only.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../integration/package.json', import.meta.url));
const { WebSocket, WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

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

server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}`));
