// What gorilla/websocket sees of a server: prints one line of JSON. See test_clients.py.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

const deadline = 60 * time.Second

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// dial gives the connection a write buffer of eight bytes: what is longer goes out in fragments. With COMPRESS in the
// environment it offers permessage-deflate.
func dial(url string) *websocket.Conn {
	dialer := websocket.Dialer{WriteBufferSize: 8, EnableCompression: os.Getenv("COMPRESS") != ""}
	conn, _, err := dialer.Dial(url, nil)
	check(err)
	check(conn.SetReadDeadline(time.Now().Add(deadline)))
	return conn
}

func read(conn *websocket.Conn, wantedKind int) []byte {
	kind, data, err := conn.ReadMessage()
	check(err)
	if kind != wantedKind {
		log.Fatalf("message type %d, expected %d", kind, wantedKind)
	}
	return data
}

// pong pings and reads until the answer is there; a message ends the reading.
func pong(conn *websocket.Conn) (payload string) {
	conn.SetPongHandler(func(data string) error {
		payload = data
		return conn.WriteMessage(websocket.TextMessage, []byte("pong seen"))
	})
	check(conn.WriteControl(websocket.PingMessage, []byte("ping payload"),
		time.Now().Add(deadline)))
	read(conn, websocket.TextMessage)
	return payload
}

func main() {
	url := os.Args[1]
	seen := map[string]interface{}{}

	one := dial(url)
	check(one.WriteMessage(websocket.TextMessage, []byte("hello")))
	seen["text"] = string(read(one, websocket.TextMessage))

	two := dial(url)
	check(two.WriteMessage(websocket.TextMessage, []byte("to all")))
	mine := string(read(two, websocket.TextMessage))
	if theirs := string(read(one, websocket.TextMessage)); theirs == mine {
		seen["broadcast"] = theirs
	}
	two.Close()

	check(one.WriteMessage(websocket.BinaryMessage, []byte{0, 255, 1}))
	numbers := []int{}
	for _, b := range read(one, websocket.BinaryMessage) {
		numbers = append(numbers, int(b))
	}
	seen["binary"] = numbers

	check(one.WriteMessage(websocket.TextMessage, []byte("in several pieces")))
	seen["fragments"] = string(read(one, websocket.TextMessage))

	check(one.WriteMessage(websocket.BinaryMessage, make([]byte, 300000)))
	seen["big"] = len(read(one, websocket.BinaryMessage))

	seen["pong"] = pong(one)

	check(one.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4003, "done")))
	_, _, err := one.ReadMessage()
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		seen["close"] = closed.Code
	}
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
