// The benchmark's Go peer: gorilla/websocket with the usual hub. One goroutine owns the set of
// clients; each client has a read pump, a write pump and a buffered channel between hub and writer.
// A full channel makes the hub wait instead of dropping the client, so that every server in the
// benchmark delivers everything. /echo answers the sender only. Compressed messages are prepared once for all.
//
// usage: peer_gorilla [--compress] [CERTIFICATE KEY]
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
)

const sendBuffer = 1024

type message struct {
	kind     int
	data     []byte
	prepared *websocket.PreparedMessage // nil: written for each client
}

func (m message) write(conn *websocket.Conn) error {
	if m.prepared != nil {
		return conn.WritePreparedMessage(m.prepared)
	}
	return conn.WriteMessage(m.kind, m.data)
}

type client struct {
	conn *websocket.Conn
	send chan message
	done chan struct{}
}

type hub struct {
	clients    map[*client]bool
	broadcast  chan message
	register   chan *client
	unregister chan *client
}

func (h *hub) run() {
	for {
		select {
		case c := <-h.register:
			h.clients[c] = true
		case c := <-h.unregister:
			if h.clients[c] {
				delete(h.clients, c)
				close(c.send)
			}
		case m := <-h.broadcast:
			for c := range h.clients {
				select {
				case c.send <- m:
				case <-c.done:
				}
			}
		}
	}
}

// writePump is the only writer of its connection. It closes done when it ends, so that the hub
// never waits for a writer that is gone.
func (c *client) writePump() {
	defer close(c.done)
	defer c.conn.Close()
	for m := range c.send {
		if m.write(c.conn) != nil {
			return
		}
	}
}

func (c *client) readPump(h *hub) {
	defer func() { h.unregister <- c }()
	for {
		kind, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		m := message{kind: kind, data: data}
		if upgrader.EnableCompression {
			m.prepared, _ = websocket.NewPreparedMessage(kind, data)
		}
		h.broadcast <- m
	}
}

var upgrader = websocket.Upgrader{
	ReadBufferSize:  1024,
	WriteBufferSize: 1024,
	CheckOrigin:     func(*http.Request) bool { return true },
}

func serveBroadcast(h *hub) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := &client{conn: conn, send: make(chan message, sendBuffer), done: make(chan struct{})}
		h.register <- c
		go c.writePump()
		go c.readPump(h)
	}
}

func serveEcho(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, data) != nil {
			return
		}
	}
}

func listen(scheme string) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s://%s\n", scheme, listener.Addr())
	return listener
}

func main() {
	flag.BoolVar(&upgrader.EnableCompression, "compress", false, "offer permessage-deflate")
	flag.Parse()
	h := &hub{
		clients:    make(map[*client]bool),
		broadcast:  make(chan message),
		register:   make(chan *client),
		unregister: make(chan *client),
	}
	go h.run()
	http.HandleFunc("/ws", serveBroadcast(h))
	http.HandleFunc("/echo", serveEcho)
	if flag.NArg() == 2 {
		go func() { log.Fatal(http.ServeTLS(listen("wss"), nil, flag.Arg(0), flag.Arg(1))) }()
	}
	log.Fatal(http.Serve(listen("ws"), nil))
}
