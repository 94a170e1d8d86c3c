module github.com/openbao/go-kms-wrapping/wrappers/ocikms/v2

go 1.24.6
