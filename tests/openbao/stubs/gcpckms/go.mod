module github.com/openbao/go-kms-wrapping/wrappers/gcpckms/v2

go 1.24.6
