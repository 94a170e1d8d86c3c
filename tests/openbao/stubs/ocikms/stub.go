// Package ocikms stands in for the real one: the test server seals with Shamir's scheme only.
package ocikms

import wrapping "github.com/openbao/go-kms-wrapping/v2"

// NewWrapper is never called.
func NewWrapper() wrapping.Wrapper { return nil }

// Names that the server's configuration mentions.
const (
	KmsConfigKeyId              = "key_id"
	KmsConfigCryptoEndpoint     = "crypto_endpoint"
	KmsConfigManagementEndpoint = "management_endpoint"
)
