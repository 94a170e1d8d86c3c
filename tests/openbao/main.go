// The server that tests of Vault's protocol talk to: OpenBao's own core, its HTTP API, the key-value engine and AppRole,
// with files for storage, on one address. Everything else of OpenBao is left out, so that it is built in a minute.
//
//	openbao DIR ADDRESS [CERT KEY]
//
// It starts sealed, or not initialised, like the real one; who runs it sets it up over HTTP.
package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/openbao/openbao/builtin/credential/approle"
	"github.com/openbao/openbao/builtin/logical/kv"
	vaulthttp "github.com/openbao/openbao/http"
	"github.com/openbao/openbao/sdk/v2/helper/consts"
	"github.com/openbao/openbao/sdk/v2/logical"
	"github.com/openbao/openbao/sdk/v2/physical/file"
	"github.com/openbao/openbao/vault"
)

func main() {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr})
	check := func(err error) {
		if err != nil {
			logger.Error("cannot serve", "error", err)
			os.Exit(1)
		}
	}
	if len(os.Args) != 3 && len(os.Args) != 5 {
		logger.Error("usage: openbao DIR ADDRESS [CERT KEY]")
		os.Exit(2)
	}
	storage, err := file.NewFileBackend(map[string]string{"path": os.Args[1]}, logger)
	check(err)
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		Logger:             logger,
		LogicalBackends:    map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory},
		BuiltinRegistry:    engines{},
		DefaultLeaseTTL:    time.Hour,
		MaxLeaseTTL:        24 * time.Hour,
	})
	check(err)
	listener, err := net.Listen("tcp", os.Args[2])
	check(err)
	if len(os.Args) == 5 {
		pair, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
		check(err)
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	server := &http.Server{
		Handler:           vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Error}),
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		os.Exit(0)
	}()
	check(server.Serve(listener))
}

// engines are those that can be mounted.
type engines struct{}

var factories = map[consts.PluginType]map[string]logical.Factory{
	consts.PluginTypeSecrets:    {"kv": kv.Factory},
	consts.PluginTypeCredential: {"approle": approle.Factory},
}

func (engines) Contains(name string, kind consts.PluginType) bool {
	return factories[kind][name] != nil
}

func (engines) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	factory := factories[kind][name]
	return func() (any, error) { return factory, nil }, factory != nil
}

func (engines) Keys(kind consts.PluginType) []string {
	var names []string
	for name := range factories[kind] {
		names = append(names, name)
	}
	return names
}

func (e engines) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, e.Contains(name, kind)
}
