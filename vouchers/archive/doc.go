// Package archive writes receipts as Parquet files, one a day, which DuckDB, pandas and
// spreadsheets of warehouses read. A day of a history flows in; what flows out is a table of
// typed columns, in which each row has the signature and the path that prove its receipt
// without the store, and without the other rows.
//
//	select resource, sum(charged_usdc) from 'receipts-*.parquet' group by resource
//
// The rows of a file are nearly in the order in which the receipts became durable, those that
// were signed together beside one another: their paths have most in common, and compress.
package archive
