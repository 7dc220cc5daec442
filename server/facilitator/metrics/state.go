package metrics

import (
	"math/big"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
)

// namespace begins the name of each metric.
const namespace = "chit_facilitator_"

// figure is a metric of one chain's transfers.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*clearing.Stats) float64
}

// figures are those of a chain's transfers. How many transfers go in one transaction is the rate of
// transfers_settled_total over that of transactions_total.
var figures = []figure{
	gauge("transfers_waiting", "Transfers that wait to be sent.", func(s *clearing.Stats) float64 { return float64(s.Waiting) }),
	gauge("transfers_resting", "Transfers that the chain has refused, and that are tried again.", func(s *clearing.Stats) float64 { return float64(s.Resting) }),
	gauge("transfers_in_flight", "Transfers that are being sent.", func(s *clearing.Stats) float64 { return float64(s.InFlight) }),
	gauge("transactions_in_flight", "Transactions that those are sent in.", func(s *clearing.Stats) float64 { return float64(s.Transactions) }),
	counter("transfers_settled_total", "Transfers that were settled.", func(s *clearing.Stats) float64 { return float64(s.Settled) }),
	counter("transfers_failed_total", "Transfers that failed for good.", func(s *clearing.Stats) float64 { return float64(s.Failed) }),
	counter("transfers_rejected_total", "How often the chain has refused a transfer.", func(s *clearing.Stats) float64 { return float64(s.Rejected) }),
	counter("transfers_reorged_total", "Transfers that a reorganization took back.", func(s *clearing.Stats) float64 { return float64(s.Reorged) }),
	counter("transactions_total", "Transactions of transfers that were mined.", func(s *clearing.Stats) float64 { return float64(s.Sent) }),
	counter("transactions_gas_total", "Gas that those used, in gas units.", func(s *clearing.Stats) float64 { return float64(s.Gas) }),
	counter("transactions_fee_wei_total", "What that cost, in wei.", func(s *clearing.Stats) float64 { return float(s.Fee) }),
}

func gauge(name, help string, of func(*clearing.Stats) float64) figure {
	return figure{describe(name, help, "network"), prometheus.GaugeValue, of}
}

func counter(name, help string, of func(*clearing.Stats) float64) figure {
	return figure{describe(name, help, "network"), prometheus.CounterValue, of}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+name, help, labels, nil)
}

var (
	balance   = describe("sender_balance_wei", "What a key that sends has for gas, in wei.", "network", "address")
	underway  = describe("sender_transactions_in_flight", "Transactions of a key that are on their way, or about to be sent.", "network", "address")
	gasUsed   = describe("key_gas_used_total", "Gas that the payments of an API key have used, in gas units.", "key", "network")
	limitsMet = describe("limits_met_total", "How often a limit of all callers was met.", "limit")
)

// state is what a facilitator stands at when it is asked for.
type state struct {
	of    *facilitator.Facilitator
	usage func() []access.Usage
}

var _ prometheus.Collector = state{}

// Follow has the metrics tell what a facilitator stands at, and what each API key has used; usage is
// nil where there are no keys. It is called once.
func (m *Metrics) Follow(f *facilitator.Facilitator, usage func() []access.Usage) {
	m.registry.MustRegister(state{f, usage})
}

// Describe tells of all metrics that are collected.
func (s state) Describe(to chan<- *prometheus.Desc) {
	for _, f := range figures {
		to <- f.desc
	}
	for _, d := range []*prometheus.Desc{balance, underway, gasUsed, limitsMet} {
		to <- d
	}
}

// Collect tells the figures of now.
func (s state) Collect(to chan<- prometheus.Metric) {
	for network, stats := range s.of.Stats() {
		for _, f := range figures {
			to <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(&stats), network)
		}
	}
	for network, senders := range s.of.Gas() {
		for _, sender := range senders {
			at := sender.Address.Hex()
			if sender.Balance != nil {
				to <- prometheus.MustNewConstMetric(balance, prometheus.GaugeValue, float(sender.Balance), network, at)
			}
			to <- prometheus.MustNewConstMetric(underway, prometheus.GaugeValue, float64(sender.InFlight), network, at)
		}
	}
	for limit, times := range s.of.Met() {
		to <- prometheus.MustNewConstMetric(limitsMet, prometheus.CounterValue, float64(times), limit)
	}
	if s.usage == nil {
		return
	}
	for _, key := range s.usage() {
		for network, gas := range key.Total {
			to <- prometheus.MustNewConstMetric(gasUsed, prometheus.CounterValue, float64(gas), key.Name, network)
		}
	}
}

// float is an amount of wei as metrics have it, not to the last one.
func float(wei *big.Int) float64 {
	f, _ := new(big.Float).SetInt(wei).Float64()
	return f
}
