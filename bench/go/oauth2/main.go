// Command oauth2 is one process and one token by golang.org/x/oauth2/google.
package main

import (
	"context"
	"log"

	"golang.org/x/oauth2/google"
)

func main() {
	found, err := google.FindDefaultCredentials(context.Background(), "https://www.googleapis.com/auth/cloud-platform")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := found.TokenSource.Token(); err != nil {
		log.Fatal(err)
	}
}
