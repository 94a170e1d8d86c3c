// gobakery is the other side in the tests of jimm/bakery: macaroons and third-party caveats by the Go bakery.
//
// It reads one JSON request a line from standard input and answers each with one line of JSON, until the input ends.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/go-macaroon-bakery/macaroon-bakery/v3/bakery"
	"github.com/go-macaroon-bakery/macaroon-bakery/v3/bakery/checkers"
	"github.com/go-macaroon-bakery/macaroon-bakery/v3/httpbakery"
	"gopkg.in/macaroon.v2"
)

type request struct {
	Op string

	// ask: add a third-party caveat for the discharger at URL, have it discharged, and verify.
	URL          string
	CA           string
	Condition    string
	NeedDeclared []string
	Version      int
	Namespace    string
	Expired      bool

	// make, verify: the macaroon itself.
	Root      []byte
	ID        string
	Location  string
	Caveats   []string
	Macaroons []json.RawMessage
	Binary    []byte
}

type answer struct {
	Error      string            `json:",omitempty"`
	Code       string            `json:",omitempty"`
	Status     int               `json:",omitempty"`
	Conditions []string          `json:",omitempty"`
	Declared   map[string]string `json:",omitempty"`
	URL        string            `json:",omitempty"`
	Made       []made            `json:",omitempty"`
}

type made struct {
	Version   int
	Binary    []byte
	JSON      json.RawMessage
	Signature string
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var r request
		var a *answer
		err := json.Unmarshal(in.Bytes(), &r)
		if err == nil {
			a, err = serve(&r)
		}
		if err != nil {
			a = &answer{Error: err.Error()}
			if e, ok := cause(err).(*httpbakery.Error); ok {
				a.Code = string(e.Code)
			}
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}

func cause(err error) error {
	if e, ok := err.(*httpbakery.DischargeError); ok {
		return e.Reason
	}
	type causer interface{ Cause() error }
	if c, ok := err.(causer); ok && c.Cause() != nil && c.Cause() != err {
		return cause(c.Cause())
	}
	type wrapper interface{ Underlying() error }
	if w, ok := err.(wrapper); ok && w.Underlying() != nil {
		return cause(w.Underlying())
	}
	return err
}

func serve(r *request) (*answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch r.Op {
	case "ask":
		return ask(ctx, r)
	case "discharger":
		return discharger()
	case "make":
		return makeMacaroons(r)
	case "verify":
		return verify(r)
	}
	return nil, fmt.Errorf("no such operation %q", r.Op)
}

// ask is the first party, as a Juju controller with an offer is.
func ask(ctx context.Context, r *request) (*answer, error) {
	client := httpbakery.NewClient()
	if r.CA != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(r.CA)) {
			return nil, fmt.Errorf("no CA certificate")
		}
		client.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	}
	ns := checkers.NewNamespace(map[string]string{checkers.StdNamespace: ""})
	if r.Namespace != "" {
		ns.Register(r.Namespace, "")
	}
	locator := httpbakery.NewThirdPartyLocator(client, nil)
	locator.AllowInsecure()
	oven := bakery.NewOven(bakery.OvenParams{
		Key: bakery.MustGenerateKey(), Location: "gobakery", Namespace: ns, Locator: locator,
	})
	expiry := time.Now().Add(time.Minute)
	if r.Expired {
		expiry = time.Now().Add(-time.Minute)
	}
	op := bakery.Op{Entity: "offer", Action: "consume"}
	m, err := oven.NewMacaroon(ctx, bakery.Version(r.Version), []checkers.Caveat{
		checkers.TimeBeforeCaveat(expiry),
		checkers.DeclaredCaveat("username", "alice@example.com"),
	}, op)
	if err != nil {
		return nil, err
	}
	third := checkers.Caveat{Location: r.URL, Condition: r.Condition}
	if len(r.NeedDeclared) > 0 {
		third = checkers.NeedDeclaredCaveat(third, r.NeedDeclared...)
	}
	if err := oven.AddCaveat(ctx, m, third); err != nil {
		return nil, err
	}
	ms, err := client.DischargeAll(ctx, m)
	if err != nil {
		return nil, err
	}
	ops, conditions, err := oven.VerifyMacaroon(ctx, ms)
	if err != nil {
		return nil, err
	}
	if len(ops) != 1 || ops[0] != op {
		return nil, fmt.Errorf("for other operations: %v", ops)
	}
	declared := checkers.InferDeclared(ns, ms)
	checker := checkers.New(nil)
	checked := checkers.ContextWithMacaroons(ctx, ns, ms)
	for _, condition := range conditions {
		if err := checker.CheckFirstPartyCaveat(checked, condition); err != nil {
			return nil, err
		}
	}
	return &answer{Conditions: conditions, Declared: declared}, nil
}

// discharger is a third party that grants "is-friend NAME" for every NAME but mallory.
func discharger() (*answer, error) {
	check := func(_ context.Context, _ *http.Request, c *bakery.ThirdPartyCaveatInfo, _ *httpbakery.DischargeToken) ([]checkers.Caveat, error) {
		name, ok := strings.CutPrefix(string(c.Condition), "is-friend ")
		if !ok {
			return nil, checkers.ErrCaveatNotRecognized
		}
		if name == "mallory" {
			return nil, httpbakery.ErrPermissionDenied
		}
		return []checkers.Caveat{
			checkers.DeclaredCaveat("friend", name), checkers.TimeBeforeCaveat(time.Now().Add(time.Minute)),
		}, nil
	}
	d := httpbakery.NewDischarger(httpbakery.DischargerParams{
		Key: bakery.MustGenerateKey(), Checker: httpbakery.ThirdPartyCaveatCheckerFunc(check),
	})
	mux := http.NewServeMux()
	d.AddMuxHandlers(mux, "/macaroons")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	server.Start()
	return &answer{URL: server.URL + "/macaroons"}, nil
}

// makeMacaroons makes the same macaroon in both versions and all formats.
func makeMacaroons(r *request) (*answer, error) {
	var a answer
	for _, version := range []macaroon.Version{macaroon.V1, macaroon.V2} {
		m, err := macaroon.New(r.Root, []byte(r.ID), r.Location, version)
		if err != nil {
			return nil, err
		}
		for _, caveat := range r.Caveats {
			if err := m.AddFirstPartyCaveat([]byte(caveat)); err != nil {
				return nil, err
			}
		}
		binary, err := m.MarshalBinary()
		if err != nil {
			return nil, err
		}
		text, err := m.MarshalJSON()
		if err != nil {
			return nil, err
		}
		a.Made = append(a.Made, made{int(version), binary, text, hex.EncodeToString(m.Signature())})
	}
	return &a, nil
}

// verify reads macaroons of any format, the first with its discharges, and answers with their conditions.
func verify(r *request) (*answer, error) {
	var ms macaroon.Slice
	if len(r.Binary) > 0 {
		if err := ms.UnmarshalBinary(r.Binary); err != nil {
			return nil, err
		}
	}
	for _, raw := range r.Macaroons {
		var m macaroon.Macaroon
		var encoded string
		if json.Unmarshal(raw, &encoded) == nil {
			binary, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, err
			}
			if err := m.UnmarshalBinary(binary); err != nil {
				return nil, err
			}
		} else if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		ms = append(ms, &m)
	}
	if len(ms) == 0 {
		return nil, fmt.Errorf("no macaroons")
	}
	conditions, err := ms[0].VerifySignature(r.Root, ms[1:])
	return &answer{Conditions: conditions}, err
}
