// Package vault stands in for the real one.
package vault

// Names that the server's configuration mentions.
var Extractor, Bucketer any
