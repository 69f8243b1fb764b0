// Package plot draws graphs of time series as PNG images: lines and stacked
// areas over a time axis with one or two value axes, bars, pies, gauges and
// single values, with title, legend and annotations.
//
// It knows nothing of CloudWatch; svc/cloudwatch turns a metric widget into a
// Chart. Drawing is ours, some hundred lines over golang.org/x/image: its
// anti-aliased rasterizer (vector), its font engine (font/opentype) and the Go
// fonts, which are embedded. Chart libraries were looked at and left aside: they
// have no second axis with bands between thresholds, or bring PDF and SVG
// writers along, at a greater weight.
//
// # From chart to pixels
//
//	Chart ──▶ layout: title, legend, axes take their rooms ──▶ canvas ──▶ PNG
//
// Sizes are pixels. Small images drop what does not fit: first the legend, then
// axis labels, then the title; a graph of one pixel is a PNG of one pixel.
// Memory is bounded by MaxSize in both directions.
package plot
