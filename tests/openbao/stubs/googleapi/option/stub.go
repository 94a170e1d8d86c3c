// Package option stands in for the real one.
package option

// WithUserAgent has no effect.
func WithUserAgent(string) any { return nil }
