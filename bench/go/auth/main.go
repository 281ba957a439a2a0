// Command auth is one process and one token by cloud.google.com/go/auth, which Google's Go clients use.
//
//	auth wait 43ms a process that only waits
//	auth token     one token
//	auth hits      what a cached token costs, as a line of JSON
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"slices"
	"time"

	"cloud.google.com/go/auth/credentials"
)

const rounds, calls = 31, 20_000

func main() {
	if os.Args[1] == "wait" {
		duration, err := time.ParseDuration(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		time.Sleep(duration)
		return
	}
	scopes := []string{"https://www.googleapis.com/auth/cloud-platform"}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: scopes})
	if err != nil {
		log.Fatal(err)
	}
	token := func() {
		if _, err := found.Token(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	token()
	if os.Args[1] != "hits" {
		return
	}
	var seconds []float64
	for range rounds {
		started := time.Now()
		for range calls {
			token()
		}
		seconds = append(seconds, time.Since(started).Seconds()/calls)
	}
	slices.Sort(seconds)
	figure := map[string]any{
		"section": "cached", "what": "Rust, Go: one thread", "who": "cloud.google.com/go/auth (token alone)", "value": seconds[rounds/2],
	}
	if err := json.NewEncoder(os.Stdout).Encode(figure); err != nil {
		log.Fatal(err)
	}
}
