// What Node's ws package sees of a server: prints one line of JSON. See test_clients.py.
import { once } from 'node:events';
import WebSocket from 'ws';

const url = process.argv[2];
const seen = {};

async function connect() {
    const client = new WebSocket(url);
    await once(client, 'open');
    return client;
}

async function next(client) {
    const [data, isBinary] = await once(client, 'message');
    return isBinary ? data : data.toString();
}

const one = await connect();
one.send('hello');
seen.text = await next(one);

const two = await connect();
two.send('to all');
const [mine, theirs] = await Promise.all([next(two), next(one)]);
seen.broadcast = mine === theirs ? theirs : [mine, theirs];
two.terminate();

one.send(Buffer.from([0, 255, 1]));
seen.binary = [...await next(one)];

one.send('in ', { fin: false });
one.send('several ', { fin: false });
one.send('pieces');
seen.fragments = await next(one);

one.send(Buffer.alloc(300000));
seen.big = (await next(one)).length;

one.ping('ping payload');
seen.pong = (await once(one, 'pong'))[0].toString();

one.close(4003, 'done');
[seen.close] = await once(one, 'close');

console.log(JSON.stringify(seen));
