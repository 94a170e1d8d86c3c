module github.com/openbao/go-kms-wrapping/wrappers/awskms/v2

go 1.24.6
