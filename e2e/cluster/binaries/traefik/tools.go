//go:build tools

// Package traefik pins the ingress controller of the local cluster. Traefik's
// own go.mod has replaces, which `go install pkg@version` refuses.
package traefik

import _ "github.com/traefik/traefik/v3/cmd/traefik"
