module github.com/openbao/go-kms-wrapping/wrappers/azurekeyvault/v2

go 1.24.6
