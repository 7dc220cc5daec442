// Package route sells HTTP routes as a reverse proxy.
//
// A request flows in; what stands for the wildcards of its path makes the URL of the
// upstream (target.go), and the shop takes the money before the upstream is asked. The
// answer flows out as the upstream gives it, without what it says of payments. A request that leads
// elsewhere than its route, or that a program could read as another than the price was made
// from, is refused before it is sold (params.go). An upstream that is silent for too long
// is cut, and costs what failures cost.
package route
