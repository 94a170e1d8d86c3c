// Package monitoring stands in for the real one: the test server reports no metrics.
package monitoring

import "context"

// MetricClient does nothing.
type MetricClient struct{}

// NewMetricClient is never called.
func NewMetricClient(context.Context, ...any) (*MetricClient, error) { return nil, nil }
