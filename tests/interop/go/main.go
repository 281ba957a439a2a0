// Command interop prints, a line for each of Google's two libraries for Go, whose token it found and the token, and then
// an ID token's audience. It knows nothing of who serves them.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/credentials/idtoken"
	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2/google"
)

const (
	scope    = "https://www.googleapis.com/auth/cloud-platform"
	audience = "https://service.example/path?a=b"
)

func main() {
	ctx := context.Background()
	email, err := metadata.EmailWithContext(ctx, "default")
	check(err)

	detected, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: []string{scope}})
	check(err)
	project, err := detected.ProjectID(ctx)
	check(err)
	token, err := detected.Token(ctx)
	check(err)
	fmt.Println("auth", project, email, token.Value)

	found, err := google.FindDefaultCredentials(ctx, scope)
	check(err)
	old, err := found.TokenSource.Token()
	check(err)
	fmt.Println("oauth2", found.ProjectID, email, old.AccessToken)

	identities, err := idtoken.NewCredentials(&idtoken.Options{Audience: audience})
	check(err)
	identity, err := identities.Token(ctx)
	check(err)
	fmt.Println("idtoken", audienceOf(identity.Value))
}

func audienceOf(token string) string {
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	check(err)
	var claims struct{ Aud string }
	check(json.Unmarshal(text, &claims))
	return claims.Aud
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
